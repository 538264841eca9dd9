# The versions that this stack is written for, and where its state lies.

terraform {
  required_version = ">= 1.11"
  required_providers {
    google = { source = "hashicorp/google", version = "~> 6.50" }
  }

  # The same bucket as the other stacks', so that one place has the locks and the history.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "google" {
  project = var.project
}
