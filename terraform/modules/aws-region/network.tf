# A region's own network. Regions are not peered: hosts reach one another by WireGuard, the same way in every cloud.

locals {
  name = "${var.environment}-${var.region.name}"
  tags = { Environment = var.environment, Region = var.region.name }
  # A subnet is in one zone: hosts of two zones are in two sixteenths of the region's network.
  zones   = { for host in var.region.hosts : host.subnet => host.zone... }
  subnets = { for subnet, zones in local.zones : subnet => zones[0] }
}

resource "aws_vpc" "region" {
  region     = var.region.location
  cidr_block = var.region.network
  tags       = merge(local.tags, { Name = local.name })
}

# Nobody is meant to be in it: without rules it lets nothing through.
resource "aws_default_security_group" "none" {
  region = var.region.location
  vpc_id = aws_vpc.region.id
  tags   = merge(local.tags, { Name = "${local.name}-none" })
}

resource "aws_internet_gateway" "region" {
  region = var.region.location
  vpc_id = aws_vpc.region.id
  tags   = merge(local.tags, { Name = local.name })
}

resource "aws_route_table" "region" {
  region = var.region.location
  vpc_id = aws_vpc.region.id
  tags   = merge(local.tags, { Name = local.name })
}

resource "aws_route" "outside" {
  region                 = var.region.location
  route_table_id         = aws_route_table.region.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.region.id
}

resource "aws_subnet" "zone" {
  for_each          = local.subnets
  region            = var.region.location
  vpc_id            = aws_vpc.region.id
  cidr_block        = each.key
  availability_zone = each.value
  tags              = merge(local.tags, { Name = "${local.name}-${each.value}" })

  lifecycle {
    precondition {
      condition     = length(distinct(local.zones[each.key])) == 1
      error_message = "${var.region.name}: ${each.key} has hosts in ${join(", ", distinct(local.zones[each.key]))}, and no subnet of AWS spans zones. Give the hosts of each zone addresses in a sixteenth of ${var.region.network} of their own, in the fleet file."
    }
  }
}

resource "aws_route_table_association" "zone" {
  for_each       = aws_subnet.zone
  region         = var.region.location
  subnet_id      = each.value.id
  route_table_id = aws_route_table.region.id
}
