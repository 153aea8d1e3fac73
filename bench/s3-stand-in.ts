// The stand-in for S3 in a process of its own, so that its work is not counted as ours.
import { startS3 } from '../test/support/s3-server.ts'

const { endpoint, bucket, region, accessKeyId, secretAccessKey } = await startS3()
process.send?.({ endpoint, bucket, region, accessKeyId, secretAccessKey })
