# Where databases back up to, and who may. What is written can be neither changed nor removed for a fortnight, by anybody: a
# host that was taken over, or an operator in a hurry, does not reach the backups.

locals {
  backups   = "${var.environment}-backups-${replace(module.fleet.domain, ".", "-")}"
  kept_days = 35
}

resource "aws_kms_key" "backups" {
  region                  = var.backup_location
  description             = "Backups of ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket" "backups" {
  region              = var.backup_location
  bucket              = local.backups
  object_lock_enabled = true

  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket_versioning" "backups" {
  region = var.backup_location
  bucket = aws_s3_bucket.backups.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_object_lock_configuration" "backups" {
  region = var.backup_location
  bucket = aws_s3_bucket.backups.id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = 14
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "backups" {
  region = var.backup_location
  bucket = aws_s3_bucket.backups.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.backups.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "backups" {
  region                  = var.backup_location
  bucket                  = aws_s3_bucket.backups.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# pgBackRest expires its own backups; this removes what it has let go of, and uploads that never ended.
resource "aws_s3_bucket_lifecycle_configuration" "backups" {
  region = var.backup_location
  bucket = aws_s3_bucket.backups.id
  rule {
    id     = "expired"
    status = "Enabled"
    filter { prefix = "" }
    noncurrent_version_expiration { noncurrent_days = local.kept_days }
    abort_incomplete_multipart_upload { days_after_initiation = 2 }
  }
}

resource "aws_iam_role" "database" {
  name = "${var.environment}-database"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "database" {
  name = "backups"
  role = aws_iam_role.database.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:ListBucket", "s3:GetBucketLocation"], Resource = aws_s3_bucket.backups.arn },
      {
        Effect   = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "${aws_s3_bucket.backups.arn}/*"
      },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = aws_kms_key.backups.arn },
    ]
  })
}

resource "aws_iam_instance_profile" "database" {
  name = "${var.environment}-database"
  role = aws_iam_role.database.name
}

resource "aws_budgets_budget" "month" {
  name         = "${var.environment}-month"
  budget_type  = "COST"
  limit_amount = tostring(var.budget_dollars)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = [50, 80, 100]
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      notification_type          = "ACTUAL"
      subscriber_email_addresses = var.budget_subscribers
    }
  }
}
