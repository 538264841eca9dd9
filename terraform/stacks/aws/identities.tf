# As whom hosts act in the cloud, and what each may do there: databases their backups, nodes their journals, which they may add
# and not read, change or remove.

locals {
  grants = {
    database = [
      { actions = ["s3:ListBucket", "s3:GetBucketLocation"], resources = [aws_s3_bucket.storage["backups"].arn] },
      {
        actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        resources = ["${aws_s3_bucket.storage["backups"].arn}/ledger/*"]
      },
      { actions = ["kms:Decrypt", "kms:GenerateDataKey"], resources = [aws_kms_key.storage["backups"].arn] },
    ]
    node = [
      { actions = ["s3:PutObject"], resources = ["${aws_s3_bucket.storage["journals"].arn}/*"] },
      { actions = ["kms:GenerateDataKey"], resources = [aws_kms_key.storage["journals"].arn] },
    ]
  }
  policies = {
    for role, grants in local.grants : role => jsonencode({
      Version   = "2012-10-17"
      Statement = [for grant in grants : { Effect = "Allow", Action = grant.actions, Resource = grant.resources }]
    })
  }
}

resource "aws_iam_role" "host" {
  for_each = local.grants
  name     = "${var.environment}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "host" {
  for_each = local.grants
  name     = "storage"
  role     = aws_iam_role.host[each.key].name
  policy   = local.policies[each.key]
}

resource "aws_iam_instance_profile" "host" {
  for_each = local.grants
  name     = "${var.environment}-${each.key}"
  role     = aws_iam_role.host[each.key].name
}

# Databases in other clouds back up here too, with a key that an operator makes (`aws iam create-access-key`) and puts into
# their secrets: what Terraform made would stand in its state.
resource "aws_iam_group" "elsewhere" {
  name = "${var.environment}-databases-elsewhere"
}

resource "aws_iam_group_policy" "elsewhere" {
  name   = "storage"
  group  = aws_iam_group.elsewhere.name
  policy = local.policies["database"]
}

resource "aws_iam_user" "elsewhere" {
  name = "${var.environment}-databases-elsewhere"
}

resource "aws_iam_user_group_membership" "elsewhere" {
  user   = aws_iam_user.elsewhere.name
  groups = [aws_iam_group.elsewhere.name]
}
