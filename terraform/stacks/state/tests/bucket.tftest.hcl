variables {
  bucket   = "example-ads-terraform"
  location = "us-east-1"
}

run "keeps_every_version_to_itself" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "an overwritten state would be lost"
  }
  assert {
    condition     = aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "the state could be made public"
  }
}
