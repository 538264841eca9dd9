# One address for requests, in front of the region's edges. It passes connections on; TLS ends at the edges.

locals {
  edges    = { for name, host in local.hosts : name => host if contains(host.roles, "edge") }
  balanced = { for one in var.balanced.ways : one.name => one if length(local.edges) > 0 }
  zones    = { for name, host in local.edges : host.zone => name... }
}

resource "google_compute_subnetwork" "proxies" {
  count         = length(local.edges) > 0 ? 1 : 0
  project       = var.project
  name          = "${local.name}-proxies"
  region        = var.region.location
  network       = google_compute_network.region.id
  ip_cidr_range = var.region.proxies
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

resource "google_compute_address" "balancer" {
  count        = length(local.edges) > 0 ? 1 : 0
  project      = var.project
  name         = "${local.name}-requests"
  region       = var.region.location
  network_tier = "PREMIUM"

  # Exchanges are given this address.
  lifecycle { prevent_destroy = true }
}

resource "google_compute_instance_group" "edges" {
  for_each  = local.zones
  project   = var.project
  name      = "${local.name}-edges-${each.key}"
  zone      = each.key
  instances = [for name in each.value : google_compute_instance.host[name].id]

  dynamic "named_port" {
    for_each = local.balanced
    content {
      name = named_port.key
      port = named_port.value.port
    }
  }
}

# An edge says there whether it has nodes to pass requests on to.
resource "google_compute_region_health_check" "requests" {
  for_each            = local.balanced
  project             = var.project
  name                = "${local.name}-${each.key}"
  region              = var.region.location
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 2
  http_health_check {
    port         = var.balanced.check.port
    request_path = var.balanced.check.path
  }
}

resource "google_compute_region_backend_service" "requests" {
  for_each                        = local.balanced
  project                         = var.project
  name                            = "${local.name}-${each.key}"
  region                          = var.region.location
  protocol                        = "TCP"
  port_name                       = each.key
  load_balancing_scheme           = "EXTERNAL_MANAGED"
  health_checks                   = [google_compute_region_health_check.requests[each.key].id]
  connection_draining_timeout_sec = 30

  dynamic "backend" {
    for_each = google_compute_instance_group.edges
    content {
      group           = backend.value.id
      balancing_mode  = "UTILIZATION"
      capacity_scaler = 1.0
    }
  }
}

resource "google_compute_region_target_tcp_proxy" "requests" {
  for_each        = local.balanced
  project         = var.project
  name            = "${local.name}-${each.key}"
  region          = var.region.location
  backend_service = google_compute_region_backend_service.requests[each.key].id
}

resource "google_compute_forwarding_rule" "requests" {
  for_each              = local.balanced
  project               = var.project
  name                  = "${local.name}-${each.key}"
  region                = var.region.location
  network               = google_compute_network.region.id
  ip_address            = google_compute_address.balancer[0].id
  ip_protocol           = "TCP"
  port_range            = tostring(each.value.outside)
  load_balancing_scheme = "EXTERNAL_MANAGED"
  target                = google_compute_region_target_tcp_proxy.requests[each.key].id

  depends_on = [google_compute_subnetwork.proxies]
}
