# The keys of disks, one for each location.

locals {
  locations = toset([for region in module.fleet.regions : region.location])
}

resource "google_kms_key_ring" "region" {
  for_each = local.locations
  project  = var.project
  name     = "${var.environment}-${each.key}"
  location = each.key
}

resource "google_kms_crypto_key" "disks" {
  for_each        = local.locations
  name            = "disks"
  key_ring        = google_kms_key_ring.region[each.key].id
  rotation_period = "7776000s"

  # Without it nothing on the disks can be read.
  lifecycle { prevent_destroy = true }
}

# Compute's own agent opens the disks; nobody of ours has to.
resource "google_kms_crypto_key_iam_member" "disks" {
  for_each      = local.locations
  crypto_key_id = google_kms_crypto_key.disks[each.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@compute-system.iam.gserviceaccount.com"
}
