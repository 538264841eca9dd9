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

# What the outside may reach, as nixos/traffic.json has it; hosts hold the same rules themselves. Nobody is let in by what has
# no sources.
resource "google_compute_firewall" "outside" {
  for_each      = { for way in var.ways_in : way.name => way if length(way.sources) > 0 }
  project       = var.project
  name          = "${local.name}-${each.key}"
  description   = each.value.why
  network       = google_compute_network.region.id
  source_ranges = [for source in each.value.sources : source == "proxies" ? var.region.proxies : source]
  target_tags   = contains(each.value.roles, "all") ? null : each.value.roles
  allow {
    protocol = each.value.protocol
    ports    = [tostring(each.value.port)]
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
