"""Against a real server: AOS_URL and AOS_API_KEY say which. ``python3 -m unittest discover sdk/py/tests``"""

import asyncio
import io
import os
import threading
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import aos_sdk
from aos_sdk import AOSClient, AsyncAOSClient
from aos_sdk.events import events_of

PLAN = {"steps": [{"id": "rest", "skill": "wait", "params": {"seconds": 5}}]}


class Goals(unittest.TestCase):
    def setUp(self):
        self.client = AOSClient()

    def test_a_goal_is_simulated_asked_for_and_waited_for(self):
        self.assertIn("llm", [skill["name"] for skill in self.client.get_capabilities()["skills"]])
        simulation = self.client.simulate(goal="Compare tea and coffee.", agent_id="py-bot")
        self.assertEqual((simulation["feasible"], simulation["decision"]), (True, "continue"))
        run = self.client.post_goal(agent_id="py-bot", goal="Compare tea and coffee.")
        told = []
        result = self.client.poll_run(run["id"], on_step=told.append)
        self.assertEqual((result["id"], result["status"]), (run["id"], "succeeded"))
        steps = self.client.list_steps(run["id"])["items"]
        # Steps beside each other are told as they end, and stand in the order in which they began.
        self.assertEqual(sorted(step["id"] for step in told), sorted(step["id"] for step in steps))
        self.assertIn(run["id"], [one["id"] for one in self.client.list_runs(agent="py-bot", limit=5)["items"]])

    def test_a_run_is_told_as_it_happens(self):
        run = self.client.post_goal("py-told", "Say hello.")
        types = [event["type"] for event in self.client.stream_run(run["id"])]
        self.assertEqual((types[-1], types.count("run.ended")), ("run.ended", 1))
        self.assertIn("step.ended", types)
        self.assertNotIn("heartbeat", types)

        async def again():
            return [event["type"] async for event in AsyncAOSClient().stream_run(run["id"])]

        self.assertEqual(asyncio.run(again())[-1], "run.ended")
        with self.assertRaises(aos_sdk.NotFoundError):
            list(self.client.stream_run("run_01h455vb4pex5vsknk084sn02q"))

    def test_one_idempotency_key_is_one_run(self):
        first = self.client.post_goal("py-once", "Say hello.", idempotency_key="py-1")
        again = self.client.post_goal("py-once", "Say hello.", idempotency_key="py-1")
        self.assertEqual(first["id"], again["id"])
        with self.assertRaises(aos_sdk.ConflictError):
            self.client.post_goal("py-once", "Say goodbye.", idempotency_key="py-1")

    def test_who_does_not_wait_long_enough_is_told_so(self):
        run = self.client.post_goal("py-slow", "Rest.", plan=PLAN)
        with self.assertRaises(aos_sdk.RunTimeoutError) as raised:
            self.client.poll_run(run["id"], timeout=0.2)
        self.assertEqual(raised.exception.run["id"], run["id"])
        self.assertEqual(self.client.cancel_run(run["id"], "seen enough")["status"], "cancelled")

    def test_a_policy_that_stops_a_run_is_raised_only_when_asked(self):
        self.forbid_spending("py-poor")
        run = self.client.post_goal("py-poor", "Spend.")
        self.assertEqual(self.client.poll_run(run["id"])["status"], "failed_policy")
        with self.assertRaises(aos_sdk.PolicyBlockedError) as raised:
            self.client.poll_run(run["id"], raise_on_block=True)
        self.assertEqual(raised.exception.details["run_id"], run["id"])

    def test_a_check_decides_without_a_call(self):
        self.forbid_spending("py-checked")
        call = {"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 100}
        self.assertTrue(self.client.check("mock-small", **call)["allowed"])
        refused = self.client.check("mock-small", context={"agent_id": "py-checked"}, **call)
        self.assertEqual((refused["allowed"], refused["refusal"]["status"]), (False, 402))
        self.assertEqual(self.client.list_runs(agent="py-checked")["items"], [])

    def test_a_run_of_its_own_ends_as_its_block_ends(self):
        with self.client.run("py-own", "Answer by myself.") as scope:
            self.assertEqual(self.client.get_run(scope.id)["status"], "running")
            body = b'{"model": "mock-small", "messages": [{"role": "user", "content": "Hi."}], "max_tokens": 20}'
            options = self.client.openai_options()
            headers = {**scope.headers, "Authorization": f"Bearer {options['api_key']}"}
            headers["Content-Type"] = "application/json"
            asked = urllib.request.Request(f"{options['base_url']}/chat/completions", data=body, headers=headers)
            with urllib.request.urlopen(asked) as answer:
                self.assertEqual(answer.headers["x-aos-run-id"], scope.id)
        self.assertEqual(self.client.get_run(scope.id)["status"], "succeeded")
        with self.assertRaises(KeyError):
            with self.client.run("py-own", "Fail.") as failing:
                raise KeyError("nothing there")
        self.assertEqual(self.client.get_run(failing.id)["status"], "failed")

    def test_what_an_agent_does_by_itself_is_told_as_it_ended(self):
        limit = {"type": "tool_calls", "max": 2, "window": {"per": "run"}}
        self.activate("py-steps", {"limit": limit, "action": "block"})
        with self.assertRaises(aos_sdk.PolicyBlockedError) as raised:
            with self.client.run("py-steps", "Use tools.") as run:
                with run.step("tool", "search", params={"q": "tickets"}) as outer:
                    self.assertEqual(outer.headers["x-aos-step-id"], outer.id)
                    with run.step("retrieval", "handbook"):
                        pass
                with self.assertRaises(KeyError):
                    with run.step("tool", "broken"):
                        raise KeyError("nothing there")
                with run.step("tool", "one too many"):
                    pass
        self.assertEqual(raised.exception.code, "quota_exceeded")
        steps = {step["skill"]: step for step in self.client.list_steps(run.id)["items"]}
        self.assertEqual(steps["handbook"]["parent_step_id"], outer.id)
        self.assertEqual((steps["broken"]["status"], steps["broken"]["error"]["code"]), ("failed", "KeyError"))
        self.assertEqual(steps["one too many"]["status"], "succeeded")
        self.assertEqual(self.client.get_run(run.id)["status"], "failed")

    def test_refusals_have_classes_and_the_words_of_the_server(self):
        with self.assertRaises(aos_sdk.NotFoundError) as missing:
            self.client.get_run("run_01h455vb4pex5vsknk084sn02q")
        self.assertEqual((missing.exception.status, missing.exception.code), (404, "not_found"))
        self.assertTrue(missing.exception.request_id.startswith("req_"))
        with self.assertRaises(aos_sdk.InvalidRequestError):
            self.client.list_runs(nonsense=1)
        with self.assertRaises(aos_sdk.AuthenticationError):
            AOSClient(api_key="aos-nobody").get_capabilities()
        with self.assertRaises(aos_sdk.ConnectionFailedError) as broken:
            AOSClient(base_url="http://127.0.0.1:9").get_capabilities()
        self.assertIn("http://127.0.0.1:9 cannot be reached", str(broken.exception))

    def forbid_spending(self, agent):
        limit = {"type": "cost_usd", "max": "0.000001", "window": {"per": "day"}}
        self.activate(agent, {"limit": limit, "action": "block"})

    def activate(self, agent, control):
        target = {"kind": "agent", "ids": [agent]}
        policy = {"name": f"For {agent}", "target": target, "controls": [control]}
        made = self.client.request("POST", "/api/v1/policies", body=policy)
        self.client.request("POST", f"/api/v1/policies/{made['id']}/activate", body={"reason": "needed by a test"})


class Async(unittest.TestCase):
    def test_goals_beside_each_other(self):
        async def both():
            client = AsyncAOSClient()
            runs = await asyncio.gather(*(client.post_goal("py-async", f"Say {n}.") for n in (1, 2)))
            return await asyncio.gather(*(client.poll_run(run["id"]) for run in runs))

        self.assertEqual([run["status"] for run in asyncio.run(both())], ["succeeded", "succeeded"])


class Requests(unittest.TestCase):
    """What a server may answer, by one that answers as it is told."""

    def ask(self, *answers):
        keys = []

        class Scripted(BaseHTTPRequestHandler):
            def do_POST(self):
                status, headers = answers[len(keys)]
                keys.append(self.headers["idempotency-key"])
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b'{"id": "done"}')

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Scripted)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            client = AOSClient(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}")
            return client.post_goal("a", "b"), keys
        except aos_sdk.AOSError as error:
            return error, keys
        finally:
            server.shutdown()
            server.server_close()

    def test_are_repeated_under_one_key_when_the_server_says_so(self):
        answer, keys = self.ask((503, {"retry-after": "0"}), (429, {"retry-after": "0"}), (200, {}))
        self.assertEqual((answer, len(keys), len(set(keys))), ({"id": "done"}, 3, 1))

    def test_are_not_repeated_otherwise(self):
        soon = {"retry-after": "0"}
        for status, headers in [(500, soon), (402, soon), (503, {}), (429, {**soon, "x-should-retry": "false"})]:
            answer, keys = self.ask((status, headers), (200, {}))
            self.assertIsInstance(answer, aos_sdk.AOSError, status)
            self.assertEqual(len(keys), 1, status)

    def test_need_a_key_and_an_address(self):
        with self.assertRaises(ValueError):
            AOSClient(base_url="localhost:8000")
        kept = os.environ.pop("AOS_API_KEY")
        try:
            with self.assertRaises(ValueError):
                AOSClient(api_key="...")
        finally:
            os.environ["AOS_API_KEY"] = kept

    def test_events_are_read_by_the_specification(self):
        text = b': hello\n\nid: 7\r\nevent: step\r\ndata: {"a": 1}\r\n\r\ndata:two\ndata: lines\n\nid: 8\n\ndata: cut'
        self.assertEqual(
            list(events_of(io.BytesIO(text))),
            [{"id": "7", "event": "step", "data": {"a": 1}}, {"id": None, "event": "message", "data": "two\nlines"}],
        )


if __name__ == "__main__":
    unittest.main()
