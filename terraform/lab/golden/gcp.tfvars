project            = "example-ads"
project_number     = "123456789012"
image              = "projects/example-ads/global/images/paceline"
billing_account    = "000000-000000-000000"
budget_dollars     = 20000
budget_subscribers = ["operators@example.com"]
