variables {
  project            = "example-ads"
  project_number     = "123456789012"
  image              = "projects/example-ads/global/images/paceline"
  billing_account    = "000000-000000-000000"
  budget_dollars     = 20000
  budget_subscribers = ["operators@example.com"]
}

run "plans_what_the_file_says" {
  command = plan

  assert {
    condition     = toset(keys(module.region)) == toset([for region in jsondecode(file(var.fleet_file)).regions : region.name if region.cloud == "gcp"])
    error_message = "a region of the file is missing, or one is too many"
  }
}
