import { expect, test } from 'vitest';
import { addressClass, isLoopbackHost } from './address-class.ts';

test.for([
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['[::1]', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['10.1.2.3', 'inner'],
  ['169.254.169.254', 'inner'],
  ['::ffff:169.254.169.254', 'inner'],
  ['fd00::1', 'inner'],
  ['0.0.0.0', 'inner'],
  ['93.184.216.34', 'public'],
  ['2606:2800::1', 'public'],
] as const)('%s is %s', ([address, expected]) => {
  expect(addressClass(address)).toBe(expected);
});

test('only this machine by name or number is a loopback host', () => {
  expect(['localhost', 'localhost:5000', '127.0.0.1:5000', '[::1]:5000'].every(isLoopbackHost)).toBe(true);
  expect(
    ['example.com', '127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1'].some(isLoopbackHost),
  ).toBe(false);
});
