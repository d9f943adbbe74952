import { assert, describe, it } from "@effect/vitest"
import * as Services from "../../../src/server/page/Services.ts"

const at = (seconds: number): string => new Date(seconds * 1000).toISOString()

const accepted = (name: string, seconds: number) => ({ endpoint: "http://h", name, time: at(seconds) })

describe("what became of a service's last profile", () => {
  it.each([
    ["waiting", {}],
    ["delivered", { last_accepted: [accepted("a", 1)] }],
    ["refused", { last_accepted: [accepted("a", 1)], last_refusal: accepted("a", 2) }],
    ["delivered", { last_accepted: [accepted("a", 3)], last_refusal: accepted("a", 2) }],
    // Another endpoint's having taken it is no comfort.
    ["refused", { last_accepted: [accepted("b", 3)], last_refusal: accepted("a", 2) }],
    // It was refused before any endpoint was asked.
    ["refused", { last_accepted: [accepted("a", 1)], last_refusal: { endpoint: null, name: null, time: at(2) } }],
    ["delivered", { last_accepted: [accepted("a", 3)], last_refusal: { endpoint: null, name: null, time: at(2) } }],
    ["lost", { last_accepted: [accepted("a", 1)], last_refusal: accepted("a", 2), last_loss: accepted("a", 2) }],
    ["waiting", { last_accepted: "nonsense", last_loss: null }],
    // Nobody has tried yet: the endpoint fails as a whole.
    ["waiting", { last_profile: at(5), last_accepted: [accepted("a", 5)] }, ["delivering", "failing"]],
    ["waiting", { last_profile: at(5), last_accepted: [accepted("a", 5), accepted("b", 3)] }, [
      "delivering",
      "failing"
    ]],
    ["delivered", { last_profile: at(5), last_accepted: [accepted("a", 5), accepted("b", 6)] }, [
      "delivering",
      "failing"
    ]]
  ])("%s: %j", (verdict, facts, states: ReadonlyArray<string> = ["delivering"]) => {
    const endpoints = states.map((state, index) => ({ endpoint: "http://h", name: ["a", "b"][index]!, state }))
    assert.strictEqual(Services.verdictOf(facts, endpoints), verdict)
  })
})
