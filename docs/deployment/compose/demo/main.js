/**
 * A shop that nobody visits: it searches and checks out by itself, and the SDK sends a profile of it every ten seconds.
 */
import { init, start } from "@pyroscope/nodejs"
import { createHash } from "node:crypto"
import { setTimeout } from "node:timers/promises"

init({
  appName: "shop",
  serverAddress: process.env.PYROSCOPE_SERVER_ADDRESS ?? "http://localhost:9999",
  flushIntervalMs: 10_000,
  wall: { collectCpuTime: true }
})
start()

const articles = Array.from({ length: 20_000 }, (_, index) => ({ name: `article ${index}`, price: (index * 7919) % 1000 }))

function search(text) {
  return articles.filter(({ name }) => name.includes(text)).sort((a, b) => a.price - b.price)
}

function checkout(basket) {
  let receipt = ""
  for (const { name, price } of basket) receipt = createHash("sha256").update(receipt + name + price).digest("hex")
  return receipt
}

for (let visitor = 0;; visitor += 1) {
  checkout(search(String(visitor % 100)))
  await setTimeout(20)
}
