import { expect, test } from 'vitest'
import { type AwsEnvironment, readS3Place } from './s3-place.ts'

const none: AwsEnvironment = {
  AWS_REGION: undefined,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
}
const keys = { ...none, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'env/secret+' }

test('a bucket of another provider, with its keys in the URL', () => {
  const text =
    's3://mail-bytes?endpoint=http%3A%2F%2F127.0.0.1%3A9000%2F&region=eu-1&prefix=post/a&access_key_id=AK&secret_access_key=a/b+c%3D'
  expect(readS3Place(text, keys)).toEqual({
    bucket: 'mail-bytes',
    region: 'eu-1',
    endpoint: 'http://127.0.0.1:9000',
    prefix: 'post/a/',
    accessKeyId: 'AK',
    secretAccessKey: 'a/b+c=',
    sessionToken: undefined,
  })
})

test('keys, token and region of the environment', () => {
  const env = { ...keys, AWS_REGION: 'eu-central-1', AWS_SESSION_TOKEN: 'token' }
  expect(readS3Place('s3://mail-bytes', env)).toEqual({
    bucket: 'mail-bytes',
    region: 'eu-central-1',
    endpoint: undefined,
    prefix: '',
    accessKeyId: 'AKIA',
    secretAccessKey: 'env/secret+',
    sessionToken: 'token',
  })
})

test('an endpoint needs no region and may be written plainly', () => {
  const place = readS3Place('s3://mail-bytes/?endpoint=https://store.test/s3', keys)
  expect(place).toMatchObject({ endpoint: 'https://store.test/s3', region: 'us-east-1' })
})

test('on AWS the keys may come from the machine', () => {
  expect(readS3Place('s3://mail-bytes?region=eu-west-1', none)).toMatchObject({ accessKeyId: undefined })
})

test.each([
  ['https://bucket', 'must be s3://'],
  ['s3://', 'must be s3://'],
  ['s3://key:secret@bucket?region=x', 'must be s3://'],
  ['s3://bucket/folder?region=x', 'must be s3://'],
  ['s3://Bucket_1?region=x', 'name of the bucket'],
  ['s3://bucket', 'name a region'],
  ['s3://bucket?regoin=x', '"regoin" is none of'],
  ['s3://bucket?region=x&region=y', 'region is there twice'],
  ['s3://bucket?region=%zz', 'region has a percent sign'],
  ['s3://bucket?endpoint=ftp://x', 'endpoint must be'],
  ['s3://bucket?endpoint=http%3A%2F%2Fx%2F%3Fa', 'endpoint must be'],
  ['s3://bucket?region=x&prefix=../a//b', 'prefix must be'],
  ['s3://bucket?region=x&access_key_id=a', 'give both or none'],
  ['s3://bucket?endpoint=http://127.0.0.1:9', 'needs AWS_ACCESS_KEY_ID'],
])('%s is refused', (text, message) => {
  expect(() => readS3Place(text, none)).toThrow(message)
})
