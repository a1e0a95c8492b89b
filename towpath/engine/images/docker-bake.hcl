variable "REGISTRY" {
  default = "localhost:5000"
}
variable "PYTHON_PACKAGES" {
  default = "python3"
}
variable "FOREIGN" {
  default = "arm64"
}
variable "PYTHON_AMD64" {
  default = "python-native"
}
variable "PYTHON_ARM64" {
  default = "python-foreign"
}

variable "PYTHON_TAG" {
  default = "python:3.13-slim"
}

variable "http_proxy" {
  default = ""
}
variable "https_proxy" {
  default = ""
}

group "default" {
  targets = ["python", "postgres", "memcached", "rabbitmq", "redis", "haproxy"]
}

target "common" {
  dockerfile = "Dockerfile"
  network    = "host"
  attest     = ["type=provenance,disabled=true"]
  output     = ["type=registry"]
  args = {
    http_proxy  = http_proxy
    https_proxy = https_proxy
  }
}

# What all others start from; built first, the archives are read into the builder once, not five times.
target "shared" {
  inherits = ["common"]
  target   = "lists"
  output   = ["type=cacheonly"]
}

target "python" {
  inherits  = ["common"]
  target    = "python"
  platforms = ["linux/amd64", "linux/arm64"]
  tags      = ["${REGISTRY}/library/${PYTHON_TAG}"]
  args = {
    FOREIGN         = FOREIGN
    PYTHON_PACKAGES = PYTHON_PACKAGES
    PYTHON_AMD64    = PYTHON_AMD64
    PYTHON_ARM64    = PYTHON_ARM64
  }
}

target "postgres" {
  inherits = ["common"]
  target   = "postgres"
  tags     = ["${REGISTRY}/library/postgres:17"]
}

target "memcached" {
  inherits = ["common"]
  target   = "memcached"
  tags     = ["${REGISTRY}/library/memcached:1.6"]
}

target "rabbitmq" {
  inherits = ["common"]
  target   = "rabbitmq"
  tags     = ["${REGISTRY}/library/rabbitmq:4.0"]
}

target "redis" {
  inherits = ["common"]
  target   = "redis"
  tags     = ["${REGISTRY}/library/redis:8.0"]
}

target "haproxy" {
  inherits = ["common"]
  target   = "haproxy"
  tags     = ["${REGISTRY}/library/haproxy:3.0"]
}
