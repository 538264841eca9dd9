# Every Google region of one environment, as the fleet file has them.

locals {
  kind = "gcp"
}

module "region" {
  source   = "../../modules/gcp-region"
  for_each = module.fleet.regions

  region           = each.value
  project          = var.project
  environment      = var.environment
  image            = var.image
  ways_in          = module.fleet.ways_in
  balanced         = module.fleet.balanced
  service_accounts = { for role, account in google_service_account.host : role => account.email }
  disk_key         = google_kms_crypto_key.disks[each.value.location].id

  depends_on = [google_kms_crypto_key_iam_member.disks]
}

output "fleet_state" {
  description = "What only the cloud knows; nixos/fleet.state.json holds it."
  value       = { for name, region in module.region : name => region.state }
}
