# Every AWS region of one environment, as the fleet file has them.

locals {
  kind = "aws"
}

module "region" {
  source   = "../../modules/aws-region"
  for_each = module.fleet.regions

  region            = each.value
  environment       = var.environment
  image             = var.images[each.value.location]
  ways_in           = module.fleet.ways_in
  balanced          = module.fleet.balanced
  instance_profiles = { for role, profile in aws_iam_instance_profile.host : role => profile.name }
  subscribers       = var.budget_subscribers
}

output "fleet_state" {
  description = "What only the cloud knows; nixos/fleet.state.json holds it."
  value       = { for name, region in module.region : name => region.state }
}
