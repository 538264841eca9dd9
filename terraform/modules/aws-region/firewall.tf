# What the outside may reach: the mesh on all of them, and requests on edges.
# WireGuard answers nothing that its peers did not sign, so its port needs no list of addresses, which would tie every region's
# plan to every other's.

resource "aws_security_group" "host" {
  region      = var.region.location
  name        = "${local.name}-host"
  description = "Every host: the mesh, and nothing else from outside."
  vpc_id      = aws_vpc.region.id
  tags        = merge(local.tags, { Name = "${local.name}-host" })
}

resource "aws_vpc_security_group_ingress_rule" "mesh" {
  region            = var.region.location
  security_group_id = aws_security_group.host.id
  description       = "WireGuard"
  ip_protocol       = "udp"
  from_port         = var.mesh_port
  to_port           = var.mesh_port
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

# Without it a path with a smaller packet size swallows large answers.
resource "aws_vpc_security_group_ingress_rule" "fragmentation_needed" {
  region            = var.region.location
  security_group_id = aws_security_group.host.id
  description       = "ICMP fragmentation needed"
  ip_protocol       = "icmp"
  from_port         = 3
  to_port           = 4
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "outside" {
  region            = var.region.location
  security_group_id = aws_security_group.host.id
  description       = "The mesh's peers, backups, time; hosts hold their own rules for what leaves them."
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}

resource "aws_security_group" "edge" {
  region      = var.region.location
  name        = "${local.name}-edge"
  description = "Edges: requests too. The balancer keeps the clients' addresses."
  vpc_id      = aws_vpc.region.id
  tags        = merge(local.tags, { Name = "${local.name}-edge" })
}

resource "aws_vpc_security_group_ingress_rule" "balanced" {
  for_each          = { for one in var.balanced : one.name => one }
  region            = var.region.location
  security_group_id = aws_security_group.edge.id
  description       = "Requests (${each.key})"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}
