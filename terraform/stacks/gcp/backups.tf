# Keys of disks, and the second copy of database backups: a cloud that is lost does not take both.

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

resource "google_service_account" "database" {
  project      = var.project
  account_id   = "${var.environment}-database"
  display_name = "Databases: their backups, and nothing else"
}

resource "google_storage_bucket" "backups" {
  project                     = var.project
  name                        = "${var.environment}-backups-${replace(module.fleet.domain, ".", "-")}"
  location                    = var.backup_location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning { enabled = true }
  # What a host that was taken over removes comes back within a fortnight.
  soft_delete_policy { retention_duration_seconds = 1209600 }
  lifecycle_rule {
    action { type = "Delete" }
    condition { days_since_noncurrent_time = 35 }
  }

  lifecycle { prevent_destroy = true }
}

resource "google_storage_bucket_iam_member" "backups" {
  bucket = google_storage_bucket.backups.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${google_service_account.database.email}"
}
