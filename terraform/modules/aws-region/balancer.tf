# One address per zone for requests, in front of the region's edges. It passes connections on; TLS ends at the edges.

locals {
  edges = { for name, host in local.hosts : name => host if contains(host.roles, "edge") }
  # Only where there are edges: a region with a witness alone takes no requests.
  balanced      = { for one in var.balanced.ways : one.name => one if length(local.edges) > 0 }
  edge_subnets  = toset([for host in local.edges : host.subnet])
  edge_balanced = merge([for name in keys(local.edges) : { for one in local.balanced : "${name}/${one.name}" => merge(one, { host = name }) }]...)
}

resource "aws_eip" "balancer" {
  for_each = local.edge_subnets
  region   = var.region.location
  domain   = "vpc"
  tags     = merge(local.tags, { Name = "${local.name}-requests" })

  # Exchanges are given these addresses.
  lifecycle { prevent_destroy = true }
}

resource "aws_lb" "requests" {
  count                            = length(local.edges) > 0 ? 1 : 0
  region                           = var.region.location
  name                             = "${local.name}-requests"
  load_balancer_type               = "network"
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = true
  tags                             = local.tags

  dynamic "subnet_mapping" {
    for_each = local.edge_subnets
    content {
      subnet_id     = aws_subnet.zone[subnet_mapping.key].id
      allocation_id = aws_eip.balancer[subnet_mapping.key].id
    }
  }
}

resource "aws_lb_target_group" "requests" {
  for_each             = local.balanced
  region               = var.region.location
  name                 = "${local.name}-${each.key}"
  vpc_id               = aws_vpc.region.id
  protocol             = "TCP"
  port                 = each.value.port
  target_type          = "instance"
  deregistration_delay = "30"
  tags                 = local.tags

  # An edge says there whether it has nodes to pass requests on to.
  health_check {
    protocol            = "HTTP"
    port                = tostring(var.balanced.check.port)
    path                = var.balanced.check.path
    matcher             = "200"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_target_group_attachment" "requests" {
  for_each         = local.edge_balanced
  region           = var.region.location
  target_group_arn = aws_lb_target_group.requests[each.value.name].arn
  target_id        = aws_instance.host[each.value.host].id
}

resource "aws_lb_listener" "requests" {
  for_each          = local.balanced
  region            = var.region.location
  load_balancer_arn = aws_lb.requests[0].arn
  protocol          = "TCP"
  port              = each.value.outside
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.requests[each.key].arn
  }
}
