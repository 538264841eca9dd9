# Told before a quota stops a region from growing or from being built again: at four fifths of it.

resource "aws_sns_topic" "operators" {
  region            = var.region.location
  name              = "${local.name}-operators"
  kms_master_key_id = "alias/aws/sns"
  tags              = local.tags
}

resource "aws_sns_topic_subscription" "operators" {
  for_each  = toset(var.subscribers)
  region    = var.region.location
  topic_arn = aws_sns_topic.operators.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "cores" {
  region              = var.region.location
  alarm_name          = "${local.name}-cores"
  alarm_description   = "Cores of on-demand machines near the quota of ${var.region.location}: ask for more before a host is to be replaced."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.operators.arn]
  tags                = local.tags

  metric_query {
    id          = "share"
    expression  = "100 * used / SERVICE_QUOTA(used)"
    label       = "percent of the quota"
    return_data = true
  }
  metric_query {
    id = "used"
    metric {
      namespace   = "AWS/Usage"
      metric_name = "ResourceCount"
      period      = 300
      stat        = "Maximum"
      dimensions  = { Service = "EC2", Type = "Resource", Resource = "vCPU", Class = "Standard/OnDemand" }
    }
  }
}
