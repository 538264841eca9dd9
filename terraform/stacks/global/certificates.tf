# What edges prove their names by: whoever may write these two records, and no others, is given certificates for them. The
# user's key is made by an operator and stands in the edges' secrets: what Terraform made would stand in its state.

resource "aws_iam_group" "certificates" {
  name = "${var.environment}-certificates"
}

resource "aws_iam_group_policy" "certificates" {
  name  = "challenges"
  group = aws_iam_group.certificates.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "route53:ListHostedZonesByName", Resource = "*" },
      { Effect = "Allow", Action = "route53:GetChange", Resource = "arn:aws:route53:::change/*" },
      {
        Effect   = "Allow", Action = ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"]
        Resource = aws_route53_zone.fleet.arn
        Condition = {
          "ForAllValues:StringEquals" = {
            "route53:ChangeResourceRecordSetsRecordTypes" = ["TXT"]
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" = concat(
              ["_acme-challenge.bid.${local.names}"], [for name in keys(local.addresses) : "_acme-challenge.${name}.${local.names}"]
            )
          }
        }
      },
    ]
  })
}

resource "aws_iam_user" "certificates" {
  name = "${var.environment}-certificates"
}

resource "aws_iam_user_group_membership" "certificates" {
  user   = aws_iam_user.certificates.name
  groups = [aws_iam_group.certificates.name]
}
