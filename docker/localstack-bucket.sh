#!/bin/sh
# Run by LocalStack at every start, when it is ready: it keeps no bucket over a restart.
set -eu
awslocal s3api head-bucket --bucket mlflow 2>/dev/null || awslocal s3api create-bucket --bucket mlflow
