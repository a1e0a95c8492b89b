variable "REGISTRY" {
  default = "localhost:5000"
}
variable "http_proxy" {
  default = ""
}
variable "https_proxy" {
  default = ""
}

target "common" {
  dockerfile = "Dockerfile"
  network    = "host"
  attest     = ["type=provenance,disabled=true"]
  output     = ["type=registry"]
  args = {
    REGISTRY    = REGISTRY
    http_proxy  = http_proxy
    https_proxy = https_proxy
  }
}

target "mariadb" {
  inherits = ["common"]
  target   = "mariadb"
  tags     = ["${REGISTRY}/library/mariadb:11.8"]
}

target "node" {
  inherits = ["common"]
  target   = "node"
  tags     = ["${REGISTRY}/library/node:20-slim"]
}

# Prometheus and what belongs to it.
group "monitoring" {
  targets = ["prometheus", "alertmanager", "node-exporter"]
}

target "prometheus" {
  inherits = ["common"]
  target   = "prometheus"
  tags     = ["${REGISTRY}/prom/prometheus:v2.53.3"]
}

target "alertmanager" {
  inherits = ["common"]
  target   = "alertmanager"
  tags     = ["${REGISTRY}/prom/alertmanager:v0.28.1"]
}

target "node-exporter" {
  inherits = ["common"]
  target   = "node-exporter"
  tags     = ["${REGISTRY}/prom/node-exporter:v1.9.0"]
}
