# The names that exchanges and players use: every region's balancer under one name, the nearest that answers first. What the
# clouds know (addresses) comes from nixos/fleet.state.json, so that this stack reads nobody else's state.

locals {
  # Of all clouds.
  kind = null

  state = jsondecode(file(var.state_file))
  addresses = {
    for name, region in module.fleet.regions : name => try(local.state.regions[name].balancer, [])
    if length([for host in region.hosts : host if contains(host.roles, "edge")]) > 0
  }
  # A region that leaves keeps its own name, for who is still on it, and takes nothing new.
  serving = { for name, addresses in local.addresses : name => addresses if !module.fleet.regions[name].leaving }
  names   = var.environment == "production" ? module.fleet.domain : "${var.environment}.${module.fleet.domain}"
}

resource "aws_route53_zone" "fleet" {
  name = local.names

  # The registrar is given its name servers once.
  lifecycle {
    prevent_destroy = true
    precondition {
      condition     = alltrue([for addresses in values(local.addresses) : length(addresses) > 0])
      error_message = "${var.state_file} has no balancer of ${join(", ", [for name, addresses in local.addresses : name if length(addresses) == 0])}: apply the clouds' stacks, and write what their output fleet_state says into it."
    }
  }
}

# Each region by its own name: for checks, for operators, and for exchanges that choose themselves.
resource "aws_route53_record" "region" {
  for_each = local.addresses
  zone_id  = aws_route53_zone.fleet.id
  name     = "${each.key}.${local.names}"
  type     = "A"
  ttl      = 60
  records  = each.value
}

# As exchanges see it: what balancers ask edges, asked of the region's own name from several places. No bare connection: a balancer
# takes one while all its edges say that they are out, as they do where coordinators have taken the region out of service. Route 53
# counts a target as lost when fewer than 18 % of its checkers reach it, so one checker's bad link moves nobody.
resource "aws_route53_health_check" "region" {
  for_each          = local.serving
  reference_name    = "${var.environment}-${each.key}"
  fqdn              = "${each.key}.${local.names}"
  port              = 443
  type              = "HTTPS"
  resource_path     = module.fleet.balanced.check.path
  request_interval  = 10
  failure_threshold = 2
  tags              = { Name = "${var.environment}-${each.key}" }

  # Another type or reference is another check, and records go over to it before the one that they name is gone. AWS adds to the
  # reference what makes it unique.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "requests" {
  for_each        = local.serving
  zone_id         = aws_route53_zone.fleet.id
  name            = "bid.${local.names}"
  type            = "A"
  ttl             = 30
  records         = each.value
  set_identifier  = each.key
  health_check_id = aws_route53_health_check.region[each.key].id

  latency_routing_policy {
    region = module.fleet.regions[each.key].kind == "aws" ? module.fleet.regions[each.key].location : var.nearest[module.fleet.regions[each.key].location]
  }

  lifecycle {
    precondition {
      condition     = module.fleet.regions[each.key].kind == "aws" || can(var.nearest[module.fleet.regions[each.key].location])
      error_message = "${each.key} is in ${module.fleet.regions[each.key].location}, which is no AWS region: write into `nearest` the AWS region nearest to it."
    }
  }
}
