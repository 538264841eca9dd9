# What the stacks of clouds have, once: a link to this file stands in each of them.

variable "holders_file" {
  description = "Who holds money of the root (`root`), each at the place that is its number."
  type        = string
  default     = "../../../nixos/holders.json"
}

variable "sessions_file" {
  description = "What `curl http://COORDINATOR:9900/api/v1/ledger/sessions?limit=1000` said, where a region is given up."
  type        = string
  default     = null
}

module "closing" {
  source        = "../../modules/closing"
  fleet_file    = var.fleet_file
  state_file    = var.state_file
  holders_file  = var.holders_file
  sessions_file = var.sessions_file
  environment   = var.environment
}

# Refuses the plan as a whole. A `check` would only warn.
resource "terraform_data" "regions" {
  lifecycle {
    precondition {
      condition     = module.closing.is_known
      error_message = "${join(", ", module.closing.going)} would be destroyed, and it is not known whether its brokers hold money: save what a coordinator says to GET /api/v1/ledger/sessions?limit=1000, and name the file as sessions_file."
    }
    precondition {
      condition     = module.closing.is_whole
      error_message = "sessions_file is a page of 1,000 sessions, and more may follow: join the pages (after=) before a region is given up."
    }
    precondition {
      condition     = length(module.closing.owing) == 0
      error_message = "Money is outstanding:\n${join("\n", module.closing.owing)}\nLeave the region in the fleet file as \"leaving\" until its sessions are settled or presumed spent."
    }
  }
}
