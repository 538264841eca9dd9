# Every AWS region of one environment, as the fleet file has them.

module "fleet" {
  source      = "../../modules/fleet"
  file        = var.fleet_file
  environment = var.environment
  kind        = "aws"
}

module "region" {
  source   = "../../modules/aws-region"
  for_each = module.fleet.regions

  region            = each.value
  environment       = var.environment
  image             = var.images[each.value.location]
  mesh_port         = module.fleet.mesh_port
  balanced          = module.fleet.balanced
  instance_profiles = { database = aws_iam_instance_profile.database.name }
}

output "fleet_state" {
  description = "What only the cloud knows; nixos/fleet.state.json holds it."
  value       = { for name, region in module.region : name => region.state }
}
