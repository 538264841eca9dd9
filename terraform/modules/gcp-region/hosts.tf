# The hosts: a public address that outlives the machine (the mesh's other end knows it), the machine with the address that the
# fleet file gives, and a disk that outlives it too.

locals {
  hosts = var.region.hosts
}

resource "google_compute_address" "host" {
  for_each = local.hosts
  project  = var.project
  name     = each.key
  region   = var.region.location
}

# On different hardware. Google takes eight domains at most; more hosts than that share some.
resource "google_compute_resource_policy" "spread" {
  project = var.project
  name    = "${local.name}-spread"
  region  = var.region.location
  group_placement_policy { availability_domain_count = 8 }
}

resource "google_compute_instance" "host" {
  for_each            = local.hosts
  project             = var.project
  name                = each.key
  zone                = each.value.zone
  machine_type        = each.value.size
  deletion_protection = each.value.data_gib > 0
  tags                = each.value.roles
  labels              = { environment = var.environment, region = var.region.name }
  resource_policies   = [google_compute_resource_policy.spread.id]

  boot_disk {
    kms_key_self_link = var.disk_key
    initialize_params {
      image = var.image
      size  = 40
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.hosts[each.value.subnet].id
    network_ip = each.value.address
    nic_type   = "GVNIC"
    access_config { nat_ip = google_compute_address.host[each.key].address }
  }

  # Only roles that have something to do in the cloud are somebody there.
  dynamic "service_account" {
    for_each = slice([for role in each.value.roles : var.service_accounts[role] if can(var.service_accounts[role])], 0,
    min(1, length([for role in each.value.roles : role if can(var.service_accounts[role])])))
    content {
      email  = service_account.value
      scopes = ["cloud-platform"]
    }
  }

  # NixOS does not sign its kernels for secure boot; the other two hold.
  shielded_instance_config {
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  # A newer image comes by nixos-rebuild to hosts that run; only new ones start from it. Data disks are attached below.
  lifecycle { ignore_changes = [boot_disk[0].initialize_params[0].image, attached_disk] }
}

resource "google_compute_disk" "data" {
  for_each = { for name, host in local.hosts : name => host if host.data_gib > 0 }
  project  = var.project
  name     = "${each.key}-data"
  zone     = each.value.zone
  type     = "hyperdisk-balanced"
  size     = each.value.data_gib
  disk_encryption_key { kms_key_self_link = var.disk_key }

  # Journals are the evidence of money that was granted: docs/deploy.md says how a region is given up.
  lifecycle { prevent_destroy = true }
}

resource "google_compute_attached_disk" "data" {
  for_each    = google_compute_disk.data
  project     = var.project
  disk        = each.value.id
  instance    = google_compute_instance.host[each.key].id
  device_name = "data"
}
