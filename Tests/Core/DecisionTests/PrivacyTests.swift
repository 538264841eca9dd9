// What privacy forbids is neither read nor kept, field by field: without it the answer is the same to the last byte, and
// the record of the decision does not have it.
import Decision
import Foundation
import Notices
import OpenRTB
import Testing
import Units

/// A field with a value that nothing else in the request has, and what it is for.
private struct PersonalField: Sendable {
    let path: [String]
    let value: String
    /// It may be read where one of these is allowed; nothing is ever decided by a field without any.
    var uses: [DataUse] = []

    var name: String { path.joined(separator: ".") }
}

private func fields() -> [PersonalField] {
    let keys: [DataUse] = [.frequency]
    return [
        .init(path: ["user", "id"], value: #""secret-1""#, uses: keys),
        .init(path: ["user", "buyeruid"], value: #""secret-2""#, uses: keys),
        .init(path: ["user", "eids"], value: #"[{"source":"x","uids":[{"id":"secret-3"}]}]"#, uses: keys),
        .init(
            path: ["user", "data"], value: #"[{"segment":[{"id":"secret-4"},{"id":"aurora-visitors"}]}]"#,
            uses: [.personalisation]),
        .init(path: ["user", "keywords"], value: #""context=secret-5""#, uses: [.personalisation]),
        .init(path: ["user", "kwarray"], value: #"["context=secret-6"]"#, uses: [.personalisation]),
        .init(path: ["user", "customdata"], value: #""secret-7""#),
        .init(path: ["user", "gender"], value: #""secret-8""#),
        .init(path: ["user", "yob"], value: "1907"),
        .init(path: ["user", "geo"], value: #"{"zip":"secret-9","lat":40.123456}"#),
        .init(path: ["user", "ext"], value: #"{"x":"secret-10"}"#),
        .init(path: ["device", "ifa"], value: #""secret-11""#, uses: keys),
        .init(path: ["device", "didsha1"], value: #""secret-12""#),
        .init(path: ["device", "dpidmd5"], value: #""secret-13""#),
        .init(path: ["device", "macsha1"], value: #""secret-14""#),
        .init(path: ["device", "ip"], value: #""203.0.113.77""#, uses: keys),
        .init(path: ["device", "ipv6"], value: #""2001:db8:7:7:7:7:7:7""#, uses: keys),
        .init(path: ["device", "ua"], value: #""secret-15""#),
        .init(path: ["device", "sua"], value: #"{"x":"secret-16"}"#),
        .init(path: ["device", "model"], value: #""secret-17""#),
        .init(path: ["device", "carrier"], value: #""secret-18""#),
        .init(path: ["device", "ext"], value: #"{"x":"secret-19"}"#),
        .init(path: ["device", "geo", "zip"], value: #""secret-20""#, uses: [.preciseLocation]),
        .init(path: ["device", "geo", "lat"], value: "40.654321", uses: [.preciseLocation]),
        .init(path: ["device", "geo", "ext"], value: #"{"x":"secret-21"}"#),
        .init(path: ["app", "keywords"], value: #""secret-22, sports""#),
        .init(path: ["app", "kwarray"], value: #"["secret-23"]"#),
        .init(path: ["app", "ext"], value: #"{"x":"secret-24"}"#),
        .init(path: ["app", "content", "url"], value: #""https://x.example/secret-25""#),
        .init(path: ["app", "content", "keywords"], value: #""secret-26""#),
        .init(path: ["source", "tid"], value: #""secret-27""#),
        .init(path: ["source", "pchain"], value: #""secret-28""#),
        .init(path: ["ext"], value: #"{"x":"secret-29"}"#),
        .init(path: ["imp", "0", "tagid"], value: #""secret-30""#),
        .init(path: ["imp", "0", "ext"], value: #"{"x":"secret-31"}"#),
        .init(path: ["uid_custom"], value: #""secret-32""#),
        .init(path: ["imp", "0", "viewer"], value: #""secret-33""#),
        .init(path: ["imp", "0", "video", "viewer"], value: #"{"id":"secret-34"}"#),
        .init(path: ["app", "content", "viewer"], value: #"["secret-35"]"#),
        .init(path: ["user", "viewer"], value: #""secret-36""#),
        .init(path: ["device", "viewer"], value: #""secret-37""#),
        .init(path: ["device", "geo", "viewer"], value: #""secret-38""#),
        .init(path: ["regs", "viewer"], value: #""secret-39""#),
        .init(
            path: ["source", "schain"],
            value: #"{"complete":1,"ver":"1.0","nodes":[{"asi":"a.example","sid":"1","rid":"secret-40"}]}"#),
    ]
}

/// Signals under which nothing of the viewer may be written down, in the words of `regs`, `user` and `device`.
private let signals: [(name: String, path: [String], value: String)] = [
    ("a child", ["regs", "coppa"], "1"), ("limited tracking", ["device", "lmt"], "1"),
    ("do not track", ["device", "dnt"], "1"), ("no consent to the GDPR", ["regs", "gdpr"], "1"),
    ("opted out of sale", ["regs", "us_privacy"], #""1YYN""#),
    ("a GPP string that nobody can read", ["regs", "gpp"], #""x""#),
    ("a GPP section without a string", ["regs", "gpp_sid"], "[7]"),
]

@Suite struct PrivacyTests {
    private func object(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    private func setting(_ path: ArraySlice<String>, of value: Any, to new: Any?) -> Any? {
        guard let key = path.first else { return new }
        if var list = value as? [Any], let index = Int(key) {
            if let inner = setting(path.dropFirst(), of: list[index], to: new) { list[index] = inner }
            return list
        }
        var fields = value as? [String: Any] ?? [:]
        fields[key] = setting(path.dropFirst(), of: fields[key] ?? [String: Any](), to: new)
        return fields
    }

    private func text(_ value: Any) throws -> String {
        String(
            decoding: try JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]), as: UTF8.self)
    }

    /// The answer's bytes, and the request as it may be kept.
    private func decide(_ request: String, seed: UInt64 = 5) throws -> (
        answer: String, record: RecordedDecision, permissions: Permissions
    ) {
        var decider = Decider(Demo.snapshot, settings: NoticeTests.settings())
        var recorder = DecisionRecorder()
        let bytes = Array(request.utf8)
        let decision = try decider.decide(bytes.span.bytes, at: Demo.evening, seed: seed)
        recorder.record(
            decision, of: bytes.span.bytes, by: decider,
            RecordedContext(
                now: Demo.evening, seed: seed, format: .openrtb, catalog: 1, settings: 2, keepsRequest: true))
        let record = try RecordedDecision(recorder.bytes)
        return (
            decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }, record,
            decision.trace.permissions
        )
    }

    @Test(arguments: signals.indices) func whatIsForbiddenIsNeitherReadNorKept(_ which: Int) throws {
        let signal = signals[which]
        var whole = try object(Demo.request)
        for field in fields() {
            whole = setting(field.path[...], of: whole, to: try object(field.value)) ?? whole
        }
        whole = setting(signal.path[...], of: whole, to: try object(signal.value)) ?? whole
        let (answer, record, permissions) = try decide(try text(whole))
        #expect(!permissions.allows(.journaling), "\(signal.name)")
        #expect(
            record.kept == .redacted && record.viewerKeys == ViewerKeys(), "\(signal.name): \(record.kept)")
        #expect(try again(record) == answer, "\(signal.name)")
        let kept = String(decoding: record.request, as: UTF8.self)
        for field in fields() {
            for secret in ["secret-", "1907", "40.123456", "203.0.113.77", "2001:db8:7", "40.654321"]
            where field.value.contains(secret) {
                let value = field.value.firstMatch(of: /secret-[0-9]+/).map { "\($0.output)" } ?? secret
                #expect(
                    !kept.contains("\(value)\"") && !kept.contains("\(value),")
                        && !kept.contains("\(value)}"),
                    "\(signal.name): \(field.name)")
            }
            let isRead = field.uses.contains { permissions.allows($0) }
            guard !isRead else { continue }
            let without = try decide(try text(setting(field.path[...], of: whole, to: nil) ?? whole))
            #expect(without.answer == answer, "\(signal.name): \(field.name) is read")
        }
    }

    /// The record's decision once more: with the key of the tokens, and without the viewer.
    private func again(_ record: RecordedDecision) throws -> String {
        var decider = Decider(Demo.snapshot, settings: NoticeTests.settings())
        var state = try #require(RecordedState(record))
        _ = try decider.decide(
            record.request.span.bytes, at: record.now, seed: record.id, format: record.format, state: &state)
        #expect(!state.wasAskedMore)
        return decider.answer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Opted out of sale in a state whose section lets the viewer's place be used: he is counted and found, and the record
    /// says neither who nor where he is.
    @Test(arguments: [5, 6, 7, 8]) func whoMayBeCountedAndNotKeptIsReplayed(_ seed: UInt64) throws {
        // Section 8: opted out of sale, and location is not refused.
        let gpp = #""gdpr": 0, "gpp_sid": [8], "gpp": "DBABBg~BAQIAAAA""#
        let home = Demo.request.replacingOccurrences(of: "\"gdpr\": 0", with: gpp)
        let away = home.replacingOccurrences(of: "10001", with: "99999")
            .replacingOccurrences(of: "40.7506", with: "10.7506")
        var answers: [String] = []
        for request in [home, away] {
            let (answer, record, permissions) = try decide(request, seed: seed)
            #expect(permissions.allows(.preciseLocation) && permissions.allows(.frequency))
            #expect(!permissions.allows(.journaling) && record.kept == .redacted)
            let kept = String(decoding: record.request, as: UTF8.self)
            #expect(!kept.contains("10001") && !kept.contains("40.7506") && !kept.contains("6f1c2d54"))
            // Each ad names him otherwise.
            let sealed = record.ads.compactMap(\.sealedViewer?.user)
            #expect(sealed.count == record.ads.count && Set(sealed).count == sealed.count && sealed.count > 1)
            #expect(try again(record) == answer)
            answers.append(answer)
        }
        // The place decides: a record that did not say what it came to would be another decision.
        #expect(Set(answers.map { $0.matches(of: /"cid":"[^"]*"/).map { "\($0.output)" } }).count == 2)
    }

    /// The same request where everything may be done: all of it is kept, and what may decide does.
    @Test func whatIsAllowedIsKept() throws {
        var whole = try object(Demo.request)
        for field in fields() {
            whole = setting(field.path[...], of: whole, to: try object(field.value)) ?? whole
        }
        let (_, record, permissions) = try decide(try text(whole))
        #expect(DataUse.allCases.allSatisfy { permissions.allows($0) } && record.kept == .whole)
    }

    /// Pairs among keywords that line items ask for, of the app and not of the viewer, stay, so that the decision can be made
    /// again; all others may be anything.
    @Test func pairsThatAreAskedForStay() throws {
        let keywords = #""keywords": "secret-1, context=travel ,context=secret-2", "#
        let array =
            #""kwarray": ["context=outdoors", "id=secret-3", "secret-4", "context=outdoors,secret-5"],"#
        let record = try decide(child(keywords + array)).record
        let kept = String(decoding: record.request, as: UTF8.self)
        #expect(record.kept == .redacted)
        #expect(
            kept.contains(#""keywords": "context=travel","kwarray": ["context=outdoors","","",""]"#),
            "\(kept)")
        #expect(!kept.contains("secret"))
    }

    /// Escapes are spelled as they came, and pairs are taken apart by what they mean.
    @Test(arguments: [
        (
            #""keywords": "context\u003dtravel ,secret\u002c context=out\u0064oors","#,
            #""keywords": "context\u003dtravel,context=out\u0064oors""#
        ),
        (
            #""keywords": "\u0020context=travel\u0020\u002csecret=\u00e9\"","#,
            #""keywords": "context=travel""#
        ),
        (
            #""kwarray": ["c\u006fntext=travel", "context=secret\/2", "\u0020context=travel"],"#,
            #""kwarray": ["c\u006fntext=travel","",""]"#
        ),
    ])
    func escapedPairsAreTakenApart(_ keywords: String, _ expected: String) throws {
        let (answer, record, _) = try decide(child(keywords))
        let kept = String(decoding: record.request, as: UTF8.self)
        #expect(record.kept == .redacted && kept.contains(expected) && !kept.contains("secret"), "\(kept)")
        #expect(try again(record) == answer)
    }

    private func child(_ keywords: String) -> String {
        Demo.request.replacingOccurrences(of: "\"coppa\": 0", with: "\"coppa\": 1")
            .replacingOccurrences(of: "\"bundle\": \"151908\",", with: "\"bundle\": \"151908\", " + keywords)
    }
}
