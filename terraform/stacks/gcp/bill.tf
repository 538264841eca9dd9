# Who is told what the month costs before it is over, and of quotas before they stop a region from being built again.

resource "google_monitoring_notification_channel" "operators" {
  for_each     = toset(var.budget_subscribers)
  project      = var.project
  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
}

resource "google_billing_budget" "month" {
  billing_account = var.billing_account
  display_name    = "${var.environment}-month"

  budget_filter { projects = ["projects/${var.project_number}"] }
  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(var.budget_dollars)
    }
  }
  dynamic "threshold_rules" {
    for_each = [0.5, 0.8, 1.0]
    content { threshold_percent = threshold_rules.value }
  }
  all_updates_rule {
    monitoring_notification_channels = [for channel in google_monitoring_notification_channel.operators : channel.id]
  }
}

resource "google_monitoring_alert_policy" "quotas" {
  project               = var.project
  display_name          = "${var.environment}: a quota of Compute Engine is used to four fifths"
  combiner              = "OR"
  notification_channels = [for channel in google_monitoring_notification_channel.operators : channel.id]

  conditions {
    display_name = "used / limit"
    condition_prometheus_query_language {
      query               = "max by (quota_metric, location) (serviceruntime_googleapis_com:quota_allocation_usage{monitored_resource=\"consumer_quota\", service=\"compute.googleapis.com\"}) / min by (quota_metric, location) (serviceruntime_googleapis_com:quota_limit{monitored_resource=\"consumer_quota\", service=\"compute.googleapis.com\"} > 0) > 0.8"
      duration            = "600s"
      evaluation_interval = "300s"
    }
  }
}
