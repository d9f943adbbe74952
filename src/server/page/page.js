// Keeps the page as it is on the server: asks for it again while somebody looks, and changes what has changed.
"use strict"
{
  const every = 2000
  const state = document.querySelector(".live-state")
  const text = document.createElement("span")
  const button = document.createElement("button")
  button.type = "button"
  state.replaceChildren(text, button)

  let isPaused = false
  let timer
  let reached = new Date()

  const show = (kind, message) => {
    state.dataset.state = kind
    if (text.textContent !== message) text.textContent = message
    const label = isPaused ? "Resume" : "Pause"
    if (button.textContent !== label) button.textContent = label
    button.setAttribute("aria-label", `${label} updates`)
  }

  // A link that leads elsewhere is another link: whoever is on it must not follow the new one by mistake.
  const isSame = (present, next) =>
    present.nodeType === next.nodeType && present.nodeName === next.nodeName && present.id === next.id &&
    (next.nodeType !== Node.ELEMENT_NODE || present.getAttribute("href") === next.getAttribute("href"))

  // What is there is changed rather than replaced, so that focus, selection and places on the page stay.
  const morph = (from, to) => {
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value)
    }
    for (const name of from.getAttributeNames()) {
      if (!to.hasAttribute(name) && !(name === "open" && from.localName === "details")) from.removeAttribute(name)
    }
    const wanted = [...to.childNodes]
    while (from.childNodes.length > wanted.length) from.lastChild.remove()
    for (const [index, next] of wanted.entries()) {
      const present = from.childNodes[index]
      if (present === undefined) from.append(document.importNode(next, true))
      else if (!isSame(present, next)) present.replaceWith(document.importNode(next, true))
      else if (next.nodeType === Node.ELEMENT_NODE) morph(present, next)
      else if (present.data !== next.data) present.data = next.data
    }
  }

  const refresh = async () => {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10_000) })
    const page = new DOMParser().parseFromString(await answer.text(), "text/html")
    const parts = [...document.querySelectorAll("[data-live]")]
    const nexts = parts.map((part) => page.getElementById(part.id))
    if (nexts.includes(null)) {
      if (answer.status >= 500) throw new Error(answer.statusText)
      // It is another page now: the component has gone, or come.
      return location.reload()
    }
    const focused = document.activeElement
    for (const [index, part] of parts.entries()) morph(part, nexts[index])
    if (focused.isConnected) return
    const link = focused.getAttribute("href")
    if (link !== null) document.querySelector(`[data-live] a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true })
  }

  const step = async () => {
    try {
      await refresh()
      reached = new Date()
      delete document.body.dataset.stale
      show("live", "Live")
    } catch {
      document.body.dataset.stale = ""
      show("lost", `Not reachable since ${reached.toLocaleTimeString()}`)
    }
  }

  const schedule = (delay) => {
    clearTimeout(timer)
    if (isPaused || document.hidden) return
    timer = setTimeout(async () => {
      const began = performance.now()
      await step()
      // An engine or a connection that takes long over it has other things to do, too.
      schedule(Math.max(every, 10 * (performance.now() - began)))
    }, delay)
  }

  button.addEventListener("click", () => {
    isPaused = !isPaused
    if (isPaused) show("paused", "Paused")
    else show("live", "Live")
    schedule(0)
  })
  document.addEventListener("visibilitychange", () => schedule(0))
  show("live", "Live")
  // Soon, as rates take two looks.
  schedule(1000)
}
