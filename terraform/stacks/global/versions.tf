# The versions that this stack is written for, and where its state lies.

terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.25" }
  }

  # Bucket, key and region by `-backend-config`, since every environment has its own; the lock is a file beside the state.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

# Route 53 has no regions.
provider "aws" {
  region = "us-east-1"
}
