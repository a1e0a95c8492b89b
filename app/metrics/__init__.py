"""What Prometheus reads of this process: requests, the way of a report, and the services."""
