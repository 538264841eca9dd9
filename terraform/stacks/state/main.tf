# Where the other stacks keep their state: made once, by hand, before all others. Its own state is this one bucket, and stays
# with whoever made it; `terraform import` finds it again.

variable "bucket" {
  description = "The bucket's name, which no other bucket in the world has."
  type        = string
}

variable "location" {
  description = "The AWS region that it lies in."
  type        = string
}

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.25" }
  }
}

provider "aws" {
  region = var.location
}

resource "aws_kms_key" "state" {
  description             = "Terraform's state"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  lifecycle { prevent_destroy = true }
}

resource "aws_s3_bucket" "state" {
  bucket = var.bucket

  lifecycle { prevent_destroy = true }
}

# A state that was overwritten by a mistake is got back from its last version.
resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id
  versioning_configuration { status = "Enabled" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket                  = aws_s3_bucket.state.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

output "backend" {
  description = "For -backend-config of the other stacks."
  value       = { bucket = aws_s3_bucket.state.bucket, region = var.location, kms_key_id = aws_kms_key.state.arn }
}
