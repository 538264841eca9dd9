# The second copy of database backups: a cloud that is lost does not take both. And journals of the nodes that are here. Who may:
# databases their backups, nodes their journals, which they may add and not read, change or remove.

locals {
  storage = module.fleet.storage
  buckets = module.fleet.buckets
  roles = {
    database = { bucket = "backups", may = "roles/storage.objectUser" }
    node     = { bucket = "journals", may = "roles/storage.objectCreator" }
  }
}

resource "google_service_account" "host" {
  for_each     = local.roles
  project      = var.project
  account_id   = "${var.environment}-${each.key}"
  display_name = "Hosts with the role ${each.key}: their ${each.value.bucket}, and nothing else"
}

# No lock: pgBackRest has to expire what it wrote, and Google's buckets lock whole. What is removed comes back instead.
resource "google_storage_bucket" "storage" {
  for_each                    = local.buckets
  project                     = var.project
  name                        = each.value.name
  location                    = local.storage.gcsLocation
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning { enabled = true }
  # What a host that was taken over removes comes back within this time.
  soft_delete_policy { retention_duration_seconds = each.value.lockedDays * 86400 }
  lifecycle_rule {
    action { type = "Delete" }
    condition { days_since_noncurrent_time = each.value.keptDays }
  }
  dynamic "lifecycle_rule" {
    for_each = each.key == "journals" ? [each.value.keptDays] : []
    content {
      action { type = "Delete" }
      condition { age = lifecycle_rule.value }
    }
  }

  lifecycle { prevent_destroy = true }
}

resource "google_storage_bucket_iam_member" "host" {
  for_each = local.roles
  bucket   = google_storage_bucket.storage[each.value.bucket].name
  role     = each.value.may
  member   = "serviceAccount:${google_service_account.host[each.key].email}"
}
