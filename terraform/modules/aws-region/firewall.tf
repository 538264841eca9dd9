# What the outside may reach, as nixos/traffic.json has it; hosts hold the same rules themselves.

locals {
  # A group for all hosts, and one for each role that lets in more.
  groups = toset(flatten(var.ways_in[*].roles))
  ways_in = merge([
    for way in var.ways_in : merge([
      for source in way.sources : { for role in way.roles : "${way.name} from ${source} to ${role}" => merge(way, { source = source, role = role }) }
    ]...)
  ]...)
}

resource "aws_security_group" "hosts" {
  for_each    = local.groups
  region      = var.region.location
  name        = "${local.name}-${each.key}"
  description = "What the outside may reach on ${each.key == "all" ? "every host" : "hosts with the role ${each.key}"}."
  vpc_id      = aws_vpc.region.id
  tags        = merge(local.tags, { Name = "${local.name}-${each.key}" })
}

resource "aws_vpc_security_group_ingress_rule" "outside" {
  for_each          = local.ways_in
  region            = var.region.location
  security_group_id = aws_security_group.hosts[each.value.role].id
  description       = each.value.name
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.source
  tags              = local.tags
}

# Without it a path with a smaller packet size swallows large answers.
resource "aws_vpc_security_group_ingress_rule" "fragmentation_needed" {
  region            = var.region.location
  security_group_id = aws_security_group.hosts["all"].id
  description       = "ICMP fragmentation needed"
  ip_protocol       = "icmp"
  from_port         = 3
  to_port           = 4
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "outside" {
  region            = var.region.location
  security_group_id = aws_security_group.hosts["all"].id
  description       = "The mesh's peers, backups, time, names."
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}
