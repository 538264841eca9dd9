# What every stack that reads the fleet has, once: a link to this file stands in each of them.

variable "fleet_file" {
  description = "The fleet file."
  type        = string
  default     = "../../../nixos/fleet.json"
}

variable "traffic_file" {
  description = "What traffic goes where."
  type        = string
  default     = "../../../nixos/traffic.json"
}

variable "operators_file" {
  description = "From where operators may reach hosts that are not in the mesh yet."
  type        = string
  default     = "../../../nixos/operators.json"
}

variable "storage_file" {
  description = "Where backups and journals lie, and for how long."
  type        = string
  default     = "../../../nixos/storage.json"
}

variable "state_file" {
  description = "What was taken in of the clouds' stacks: which regions there are, and their addresses."
  type        = string
  default     = "../../../nixos/fleet.state.json"
}

variable "environment" {
  description = "Which of the fleet file's environments. Each has a state of its own."
  type        = string
  default     = "production"
}

module "fleet" {
  source         = "../../modules/fleet"
  file           = var.fleet_file
  traffic_file   = var.traffic_file
  operators_file = var.operators_file
  storage_file   = var.storage_file
  environment    = var.environment
  kind           = local.kind
}
