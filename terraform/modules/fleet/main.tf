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

variable "traffic_file" {
  description = "What traffic goes where: the table that the hosts' own firewall is made from too."
  type        = string
}

variable "operators_file" {
  description = "From where operators may reach hosts that are not in the mesh yet."
  type        = string
}

variable "storage_file" {
  description = "Where backups and journals lie, and for how long."
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

  traffic   = jsondecode(file(var.traffic_file))
  operators = jsondecode(file(var.operators_file))
  all_ports = merge(local.ports, local.traffic.ports, { mesh = local.mesh.port })
  # Who comes from outside, by the kind of cloud; "proxies" are the balancer's own, in each region others.
  sources = {
    for from in distinct(local.traffic.outside[*].from) : from =>
    from == "operators" ? local.operators.networks : try(local.traffic.sources[from][var.kind], [])
  }
}

output "domain" {
  value = local.fleet.domain
}

output "ways_in" {
  description = "What the outside may reach, on which roles' hosts: everything else is spoken on the mesh."
  value = [
    for rule in local.traffic.outside : {
      name     = rule.name
      why      = rule.why
      roles    = rule.to
      protocol = rule.protocol
      port     = local.all_ports[rule.port]
      sources  = local.sources[rule.from]
    }
  ]
}

output "balanced" {
  description = "What the balancer of a region passes on to its edges, and where it asks whether an edge has nodes."
  value = {
    ways  = [for rule in local.traffic.outside : { name = rule.name, outside = rule.balancer, port = local.all_ports[rule.port] } if rule.balancer > 0]
    check = { port = local.ports.serve, path = "/edge" }
  }
}

output "storage" {
  description = "Where backups and journals lie, and for how long."
  value       = jsondecode(file(var.storage_file))[var.environment]
}

output "buckets" {
  description = "The buckets of backups and of journals, under one name in both clouds, as nixos/lib/fleet.nix names them."
  value = {
    for purpose in ["backups", "journals"] : purpose => merge(jsondecode(file(var.storage_file))[var.environment][purpose], {
      name = "${var.environment}-${purpose}-${replace(local.fleet.domain, ".", "-")}"
    })
  }
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
