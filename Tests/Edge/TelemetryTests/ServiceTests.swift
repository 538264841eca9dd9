// What systemd hears, on a real socket, and what health answers.
import Foundation
import Testing
import Units

@testable import Kernel
@testable import Telemetry

@Suite struct ServiceTests {
    @Test(arguments: [false, true])
    func systemdHearsEveryState(abstract: Bool) throws {
        let receiver = try DatagramReceiver(abstract: abstract)
        let notifier = ServiceNotifier { $0 == "NOTIFY_SOCKET" ? receiver.address : nil }
        #expect(notifier.isSupervised)
        try notifier.ready()
        #expect(try receiver.nextText() == "READY=1")
        try notifier.status("serving 2 shards\nREADY=1")
        #expect(try receiver.nextText() == #"STATUS=serving 2 shards\nREADY=1"#)
        try notifier.reloading(at: Instant(nanoseconds: 1_234_567_890))
        #expect(try receiver.nextText() == "RELOADING=1\nMONOTONIC_USEC=1234567")
        try notifier.watchdog()
        #expect(try receiver.nextText() == "WATCHDOG=1")
        try notifier.stopping()
        #expect(try receiver.nextText() == "STOPPING=1")
    }

    @Test func nobodyIsToldWhereNobodyListens() throws {
        for address in [nil, ""] as [String?] {
            let notifier = ServiceNotifier { _ in address }
            #expect(!notifier.isSupervised)
            try notifier.ready()
        }
    }

    @Test func failuresNameTheAddressAndTheCause() throws {
        #expect(throws: NotifyFailure.self) { try ServiceNotifier { _ in "relative/path" }.ready() }
        let failure = #expect(throws: NotifyFailure.self) {
            try ServiceNotifier { _ in "/nonexistent/notify" }.ready()
        }
        #expect(failure?.cause?.code == ENOENT)
        #expect(failure?.description.contains("/nonexistent/notify") == true)
        let long = "/" + String(repeating: "x", count: 107)
        #expect(throws: NotifyFailure.self) { try ServiceNotifier { _ in long }.ready() }
        Faults.inject(Fault(.send, .fail(.noBuffers)))
        defer { Faults.clear() }
        let receiver = try DatagramReceiver()
        let refused = #expect(throws: NotifyFailure.self) {
            try ServiceNotifier { _ in receiver.address }.ready()
        }
        #expect(refused?.cause == .noBuffers)
    }

    @Test(
        arguments: [
            (["WATCHDOG_USEC": "30000000"], 30_000),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "42"], 30_000),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "43"], nil),
            (["WATCHDOG_USEC": "0"], nil), (["WATCHDOG_USEC": "soon"], nil), ([:], nil),
            (["WATCHDOG_USEC": "9223372036854775807"], nil),
        ] as [([String: String], Int64?)])
    func theWatchdogIsForThisProcess(environment: [String: String], milliseconds: Int64?) {
        let interval = ServiceNotifier.watchdogInterval(environment: { environment[$0] }, processID: 42)
        #expect(interval?.wholeMilliseconds == milliseconds)
    }
}

@Suite struct HealthTests {
    @Test func readyWhenAllPartsAre() {
        let health = Health(awaiting: ["listeners", "certificate"])
        #expect(health.report().isLive)
        #expect(!health.report().isReady)
        #expect(
            String(decoding: health.report().text(.ready), as: UTF8.self)
                == "listeners: has not reported yet\ncertificate: has not reported yet\n")
        health.set("listeners", .ready)
        health.set("certificate", .ready)
        #expect(health.report().isReady)
        #expect(health.report().text(.ready) == Array("ok\n".utf8))
        health.set("drain", .notReady("stopping"))
        #expect(health.report().isLive)
        #expect(!health.report().isReady)
        #expect(
            String(decoding: health.report().json(.ready), as: UTF8.self)
                == #"{"ok":false,"reasons":[{"part":"drain","reason":"stopping"}]}"#)
        #expect(String(decoding: health.report().json(.live), as: UTF8.self) == #"{"ok":true,"reasons":[]}"#)
    }

    @Test func aFailedPartIsNeitherLiveNorReady() {
        let health = Health(awaiting: [])
        #expect(health.report().isReady)
        health.set("shard 1", .failed("has not turned for 5 s"))
        #expect(!health.report().isLive)
        #expect(!health.report().isReady)
        #expect(health.report().text(.live) == Array("shard 1: has not turned for 5 s\n".utf8))
    }

    @Test func reasonsCannotBreakTheirLine() throws {
        let health = Health(awaiting: [])
        let nasty = "a\nok\u{0}\u{1B}[2J\"\\ " + String(repeating: "\u{1}", count: 300)
        health.set("part", .notReady(nasty))
        let text = String(decoding: health.report().text(.ready), as: UTF8.self)
        #expect(text.hasPrefix(#"part: a\nok\u{0}\u{1b}[2J"\\ "#))
        #expect(text.split(separator: "\n").count == 1)
        let json =
            try JSONSerialization.jsonObject(with: Data(health.report().json(.ready))) as? [String: Any]
        let reason = (json?["reasons"] as? [[String: String]])?.first?["reason"]
        #expect(reason == nasty)
    }

    @Test func partsReportFromManyThreads() {
        let health = Health(awaiting: (0..<8).map { "part \($0)" })
        DispatchQueue.concurrentPerform(iterations: 8) { part in
            for turn in 0..<500 {
                health.set("part \(part)", turn % 2 == 0 ? .notReady("turn \(turn)") : .ready)
                #expect(health.report().parts.count == 8)
            }
        }
        #expect(health.report().isReady)
    }
}
