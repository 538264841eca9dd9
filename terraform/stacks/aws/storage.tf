# Where databases back up to, and where journals of the nodes that are here go. What is written can be neither changed nor
# removed for a while, by anybody: a host that was taken over, or an operator in a hurry, does not reach it.

locals {
  storage = module.fleet.storage
  buckets = module.fleet.buckets
}

resource "aws_kms_key" "storage" {
  for_each                = local.buckets
  region                  = local.storage.s3Location
  description             = "${each.key} of ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket" "storage" {
  for_each            = local.buckets
  region              = local.storage.s3Location
  bucket              = each.value.name
  object_lock_enabled = true

  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket_versioning" "storage" {
  for_each = local.buckets
  region   = local.storage.s3Location
  bucket   = aws_s3_bucket.storage[each.key].id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_object_lock_configuration" "storage" {
  for_each = local.buckets
  region   = local.storage.s3Location
  bucket   = aws_s3_bucket.storage[each.key].id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = each.value.lockedDays
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "storage" {
  for_each = local.buckets
  region   = local.storage.s3Location
  bucket   = aws_s3_bucket.storage[each.key].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.storage[each.key].arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "storage" {
  for_each                = local.buckets
  region                  = local.storage.s3Location
  bucket                  = aws_s3_bucket.storage[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# pgBackRest expires its own backups, and this removes what it has let go of; journals nobody removes, so they go by age.
# Uploads that never ended go from both.
resource "aws_s3_bucket_lifecycle_configuration" "storage" {
  for_each = local.buckets
  region   = local.storage.s3Location
  bucket   = aws_s3_bucket.storage[each.key].id
  rule {
    id     = "expired"
    status = "Enabled"
    filter { prefix = "" }
    noncurrent_version_expiration { noncurrent_days = each.value.keptDays }
    abort_incomplete_multipart_upload { days_after_initiation = 2 }
    dynamic "expiration" {
      for_each = each.key == "journals" ? [each.value.keptDays] : []
      content { days = expiration.value }
    }
  }
}
