# A region's own network and what the outside may reach in it. Regions are not peered:
# hosts reach one another by WireGuard, the same way in every cloud.

locals {
  name    = "${var.environment}-${var.region.name}"
  subnets = toset([for host in var.region.hosts : host.subnet])
}

resource "google_compute_network" "region" {
  project                 = var.project
  name                    = local.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "hosts" {
  for_each                 = local.subnets
  project                  = var.project
  name                     = "${local.name}-${replace(split("/", each.key)[0], ".", "-")}"
  region                   = var.region.location
  network                  = google_compute_network.region.id
  ip_cidr_range            = each.key
  private_ip_google_access = true
}

# WireGuard answers nothing that its peers did not sign, so its port needs no list of addresses.
resource "google_compute_firewall" "mesh" {
  project       = var.project
  name          = "${local.name}-mesh"
  network       = google_compute_network.region.id
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "udp"
    ports    = [tostring(var.mesh_port)]
  }
}

# Without it a path with a smaller packet size swallows large answers. Google's rules know no codes of ICMP.
resource "google_compute_firewall" "icmp" {
  project       = var.project
  name          = "${local.name}-icmp"
  network       = google_compute_network.region.id
  source_ranges = ["0.0.0.0/0"]
  allow { protocol = "icmp" }
}

# Requests come from the balancer's proxies, and its checks from Google's own addresses.
resource "google_compute_firewall" "balanced" {
  project       = var.project
  name          = "${local.name}-requests"
  network       = google_compute_network.region.id
  source_ranges = [var.region.proxies, "35.191.0.0/16", "130.211.0.0/22"]
  target_tags   = ["edge"]
  allow {
    protocol = "tcp"
    ports    = [for one in var.balanced : tostring(one.port)]
  }
}
