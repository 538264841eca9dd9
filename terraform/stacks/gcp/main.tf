# Every Google region of one environment, as the fleet file has them.

module "fleet" {
  source      = "../../modules/fleet"
  file        = var.fleet_file
  environment = var.environment
  kind        = "gcp"
}

module "region" {
  source   = "../../modules/gcp-region"
  for_each = module.fleet.regions

  region           = each.value
  project          = var.project
  environment      = var.environment
  image            = var.image
  mesh_port        = module.fleet.mesh_port
  balanced         = module.fleet.balanced
  service_accounts = { database = google_service_account.database.email }
  disk_key         = google_kms_crypto_key.disks[each.value.location].id

  depends_on = [google_kms_crypto_key_iam_member.disks]
}

output "fleet_state" {
  description = "What only the cloud knows; nixos/fleet.state.json holds it."
  value       = { for name, region in module.region : name => region.state }
}
