# Whether a region may go. It was taken in once (fleet.state.json) and is in the fleet file no more: then its brokers may
# hold no money that the root gave them, or shared/stack/closing.tf stops the plan. Journals on the disks are the evidence of it.

variable "fleet_file" {
  description = "The fleet file."
  type        = string
}

variable "state_file" {
  description = "Which regions there are; none before the first."
  type        = string
}

variable "holders_file" {
  description = "Who holds money of the root (`root`), each at the place that is its number: the brokers of regions."
  type        = string
}

variable "sessions_file" {
  description = "The ledger's sessions, as a coordinator says them; null where no region goes."
  type        = string
}

variable "environment" {
  description = "Whose holders."
  type        = string
}

locals {
  known    = fileexists(var.state_file) ? jsondecode(file(var.state_file)).regions : {}
  stays    = jsondecode(file(var.fleet_file)).regions[*].name
  going    = { for name, region in local.known : name => region if !contains(local.stays, name) }
  holders  = jsondecode(file(var.holders_file))[var.environment].root
  sessions = var.sessions_file == null ? [] : jsondecode(file(var.sessions_file)).sessions
  # By the region that goes, its hosts' numbers at the root.
  numbers = {
    for name, region in local.going : name => [for host in keys(region.hosts) : tostring(index(local.holders, host)) if contains(local.holders, host)]
  }
  # What was granted and neither returned nor settled, of sessions that are not presumed spent.
  owing = flatten([
    for name, numbers in local.numbers : [
      for session in local.sessions : "${name}: ${local.holders[tonumber(session.holder)]} has ${session.granted} of which ${session.settled} is settled (session ${session.session}, ${session.state})"
      if contains(numbers, tostring(session.holder)) && session.state != "presumedSpent" && tonumber(session.granted) > tonumber(session.settled)
    ]
  ])
}

output "going" {
  description = "Regions that were taken in and are in the fleet file no more."
  value       = keys(local.going)
}

output "is_known" {
  description = "Whether it is said what their brokers hold, or none of them holds anything."
  value       = length(flatten(values(local.numbers))) == 0 || var.sessions_file != null
}

output "is_whole" {
  description = "Whether all sessions are there: a coordinator says 1,000 at once."
  value       = length(local.sessions) < 1000
}

output "owing" {
  description = "What stands against it, a line for each session."
  value       = local.owing
}
