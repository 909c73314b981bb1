#!/bin/sh
# Makes a user pool and an app client the way a shop's deployment script does, with the AWS CLI
# alone, and prints their ids as shell assignments. The tests run it; an operator may copy it.
# Usage: ENDPOINT=http://127.0.0.1:9229 make-pool.sh NAME
set -eu

name=$1
aws() { command aws --endpoint-url "$ENDPOINT" --region us-east-1 cognito-idp "$@"; }

pool=$(aws create-user-pool \
  --pool-name "$name" \
  --policies '{"PasswordPolicy":{"MinimumLength":8,"RequireUppercase":true,
    "RequireLowercase":true,"RequireNumbers":true,"RequireSymbols":false}}' \
  --query UserPool.Id --output text)

client=$(aws create-user-pool-client \
  --user-pool-id "$pool" \
  --client-name "$name-client" \
  --no-generate-secret \
  --explicit-auth-flows ADMIN_NO_SRP_AUTH \
  --query UserPoolClient.ClientId --output text)

echo "POOL=$pool"
echo "CLIENT=$client"
