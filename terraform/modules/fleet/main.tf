# The fleet file as Terraform sees it: the regions of one environment in clouds of one kind, and what the outside may reach on
# their hosts. What the file must hold is checked by `paceline fleet check`, and not once more here.

variable "file" {
  description = "The fleet file."
  type        = string
}

variable "environment" {
  description = "Whose regions: the name of one of the file's environments."
  type        = string
}

variable "kind" {
  description = "In which clouds, by the file's `kind`; null for all of them."
  type        = string
  default     = null
}

locals {
  fleet = jsondecode(file(var.file))
  kinds = { for cloud in local.fleet.clouds : cloud.name => cloud.kind }
  ports = merge({ serve = 8080, serveTLS = 8443 }, try(local.fleet.ports, {}))
  mesh  = merge({ port = 51820 }, local.fleet.mesh)

  # What must outlive its machine: journals are evidence of money, and so is the database. Sizes in GiB: a node keeps 4 GiB of
  # journal per shard (`journal.retainBytes`) and its catalogs (`catalog.retainBytes`, 16 GiB); the rest have room for weeks.
  data_gib = { node = 128, broker = 64, database = 512, etcd = 32, observability = 256 }

  # Everything else is spoken on the mesh.
  # 80 and 443 are the balancer's; it reaches the edges on the fleet's own ports.
  public_by_role = {
    edge = [
      { name = "serve", outside = 80, port = local.ports.serve },
      { name = "serve-tls", outside = 443, port = local.ports.serveTLS },
    ]
  }
}

output "domain" {
  value = local.fleet.domain
}

output "mesh_port" {
  value = local.mesh.port
}

output "balanced" {
  description = "What the balancer of a region passes on to its edges."
  value       = local.public_by_role.edge
}

output "regions" {
  description = "By name: where a region is, and its hosts by name."
  value = {
    for region in local.fleet.regions : region.name => {
      name     = region.name
      kind     = local.kinds[region.cloud]
      location = region.location
      network  = region.network
      leaving  = try(region.leaving, false)
      # What balancers of Google keep their proxies in: no host has an address there.
      proxies = cidrsubnet(region.network, 4, 15)
      hosts = {
        for host in region.hosts : host.name => merge(host, {
          # A subnet is a sixteenth of the region's network, and lies in one zone.
          subnet = format("%s/%d",
            cidrhost("${host.address}/${tonumber(split("/", region.network)[1]) + 4}", 0),
          tonumber(split("/", region.network)[1]) + 4)
          data_gib = max(0, [for role in host.roles : lookup(local.data_gib, role, 0)]...)
        })
      }
    }
    if region.environment == var.environment && (var.kind == null ? true : local.kinds[region.cloud] == var.kind)
  }

  precondition {
    condition     = contains(local.fleet.environments[*].name, var.environment)
    error_message = "${var.file} has no environment \"${var.environment}\"; it has ${join(", ", local.fleet.environments[*].name)}."
  }
}
