// What is refused in a settings file, and what is said of it, with the place.
import Documents
import Settings
import Testing

/// A node's file with everything that is required, and more at its end.
private func file(
    _ rest: String = "", node: String = #"{"name": "n1", "region": "r1"}"#, listen: String = listener
)
    -> String
{
    #"{"daemon": "node", "node": \#(node), "listen": [\#(listen)]"# + (rest.isEmpty ? "}" : ",\n\(rest)}")
}

private let listener = #"{"address": "::1", "port": 80}"#

private func refusals(_ text: String) -> [String] {
    do {
        _ = try DaemonSettings(Array(text.utf8))
        return []
    } catch {
        return error.refusals.map(\.description)
    }
}

@Suite struct RefusalTests {
    @Test(arguments: [
        (#""shards": 257"#, #"2:11: shards: found the number 257; allowed an integer from 0 to 256"#),
        (#""shards": -1"#, #"2:11: shards: found the number -1; allowed an integer from 0 to 256"#),
        (#""shards": 1.0"#, #"2:11: shards: found the number 1.0; allowed an integer from 0 to 256"#),
        (#""shards": 1e1"#, #"2:11: shards: found the number 1e1; allowed an integer from 0 to 256"#),
        (#""shards": "4""#, #"2:11: shards: found the string "4"; allowed an integer from 0 to 256"#),
        (#""shards": null"#, #"2:11: shards: found null; allowed an integer from 0 to 256"#),
        (
            #""shards": 99999999999999999999"#,
            #"2:11: shards: found the number 99999999999999999999; allowed an integer from 0 to 256"#
        ),
        (
            #""reactor": "iouring""#,
            #"2:12: reactor: found the string "iouring"; allowed "auto", "io_uring", "epoll"; did you mean 'io_uring'?"#
        ),
        (
            #""reactor": "kqueue""#,
            #"2:12: reactor: found the string "kqueue"; allowed "auto", "io_uring", "epoll""#
        ),
        (#""limits": []"#, #"2:11: limits: found an array of 0 elements; allowed an object"#),
        (#""log": true"#, #"2:8: log: found true; allowed an object"#),
        (
            #""admin": {"port": 0}"#,
            #"2:19: admin.port: found the number 0; allowed an integer from 1 to 65535"#
        ),
        (
            #""admin": {"address": "localhost"}"#,
            #"2:22: admin.address: found the string "localhost"; allowed an IPv4 or IPv6 address, written as a literal"#
        ),
        (
            #""drain": {"noticeMillisecond": 1}"#,
            "2:11: drain.noticeMillisecond: found an unknown key; allowed noticeMilliseconds, timeoutMilliseconds; "
                + "did you mean 'noticeMilliseconds'?"
        ),
        (
            #""drain": {"speed": 1}"#,
            "2:11: drain.speed: found an unknown key; allowed noticeMilliseconds, timeoutMilliseconds"
        ),
        (
            #""shards": 1, "shards": 2"#,
            "2:14: shards: found the key again, after line 2; allowed each key once"
        ),
        (
            "\"shards\": 1,\n\"\\u0073hards\": 1",
            "3:1: shards: found the key again, after line 2; allowed each key once"
        ),
        (
            #""drain": {"": 1}"#,
            "2:11: drain.\"\": found an unknown key; allowed noticeMilliseconds, timeoutMilliseconds"
        ),
        (
            #""drain": {"a.b\u001b[2J": 1}"#,
            "2:11: drain.\"a.b\\u{1b}[2J\": found an unknown key; allowed noticeMilliseconds, timeoutMilliseconds"
        ),
        (
            #""$schema": 1"#, "2:12: $schema: found the number 1; allowed a string"
        ),
    ])
    func saysWhatIsWrongWithASetting(_ rest: String, _ refusal: String) {
        #expect(refusals(file(rest)) == [refusal])
    }

    @Test(arguments: [
        ("", "1:1: found broken JSON: there is no value; allowed one JSON object, in UTF-8"),
        ("[]", #"1:1: found an array of 0 elements; allowed an object"#),
        ("{\n}", #"1:1: daemon: found nothing; allowed "node", "broker", "coordinator", and it is required"#),
        (
            #"{"daemon": "nod"}"#,
            #"1:12: daemon: found the string "nod"; allowed "node", "broker", "coordinator"; did you mean 'node'?"#
        ),
        (
            "{\"shards\": 01}",
            "1:12: found broken JSON: a number starts with a needless zero; allowed one JSON object, in UTF-8"
        ),
        (
            "{\n  \"shards\": 1,\n}",
            "3:1: found broken JSON: expected a key in double quotes; allowed one JSON object, in UTF-8"
        ),
    ])
    func saysWhatIsWrongWithAFile(_ text: String, _ refusal: String) {
        #expect(refusals(text) == [refusal])
    }

    @Test func saysWhatIsMissing() {
        let missing =
            #"1:25: node.name: found nothing; allowed 1 to 63 of a-z, 0-9 and -, starting and ending "#
            + "with a letter or a digit, and it is required"
        #expect(
            refusals(#"{"daemon":"node","node": {"region": "r"}, "listen": [\#(listener)]}"#).first?
                .dropFirst(5)
                == missing.dropFirst(5))
        #expect(
            refusals(#"{"daemon": "node", "node": {"name": "a", "region": "b"}}"#)
                == ["1:1: listen: found nothing; allowed an array of 1 to 16 elements, and it is required"])
    }

    @Test(arguments: ["", "-a", "a-", "A", "a_b", "a.b", String(repeating: "a", count: 64), "é"])
    func refusesNames(_ name: String) {
        #expect(refusals(file(node: #"{"name": "\#(name)", "region": "r"}"#)).count == 1)
    }

    @Test(arguments: ["a", "0", "a-b", "eu-west-1", String(repeating: "a", count: 63)])
    func acceptsNames(_ name: String) {
        #expect(refusals(file(node: #"{"name": "\#(name)", "region": "r"}"#)).isEmpty)
    }

    @Test(arguments: [
        (#""certificateFile": "/c", "keyFile": "/k""#, nil),
        (#""keyFile": "/k""#, "certificateFile: found nothing; allowed an absolute path, and it is required"),
        (#""certificateFile": "/c""#, "keyFile: found nothing; allowed an absolute path, and it is required"),
        (
            #""certificateFile": "c", "keyFile": "/k""#,
            #"certificateFile: found the string "c"; allowed an absolute path"#
        ),
        (
            #""certificateFile": "/c", "keyFile": "/k", "clientCAFile": "/ca", "clientCertificate": "required""#,
            nil
        ),
        (
            #""certificateFile": "/c", "keyFile": "/k", "clientCertificate": "optional""#,
            #"clientCertificate: found "optional" without a clientCAFile; allowed "none", or a clientCAFile beside it"#
        ),
        (
            #""certificateFile": "/c", "keyFile": "/k", "clientCAFile": "/ca""#,
            "clientCAFile: found authorities for certificates that no peer is asked for; "
                + #"allowed beside a clientCertificate of "optional" or "required""#
        ),
    ])
    func holdsCertificatesTogether(_ tls: String, _ refusal: String?) {
        for (rest, listen, path) in [
            ("", #"{"address": "::1", "port": 80, "tls": {\#(tls)}}"#, "listen[0].tls."),
            (#""admin": {"tls": {\#(tls)}}"#, listener, "admin.tls."),
        ] {
            let found = refusals(file(rest, listen: listen)).map { $0.drop { $0 != " " }.dropFirst() }
            #expect(found.map(String.init) == (refusal.map { [path + $0] } ?? []))
        }
    }

    @Test(arguments: [
        (#"{"address": "127.0.0.1", "port": 9900}"#, "listen[0].port: found the address and port of admin"),
        (
            #"{"address": "::1", "port": 80}, {"address": "0:0::1", "port": 80}"#,
            "listen[1].port: found the address and port of listen[0]"
        ),
    ])
    func holdsListenersApart(_ listen: String, _ refusal: String) {
        let found = refusals(file(listen: listen))
        #expect(found.count == 1 && found[0].contains(refusal))
    }

    @Test func aRuleStandsAtTheObjectWhereItsKeyIsADefault() {
        #expect(
            refusals(file(#""drain": {"timeoutMilliseconds": 5000}"#)) == [
                "2:10: drain.noticeMilliseconds: found 7000; allowed less than timeoutMilliseconds, which is 5000"
            ])
    }

    @Test(
        arguments: [
            (#""pendingBytesPerShard": 835584"#, nil),
            (
                #""pendingBytesPerShard": 835583"#,
                "2:36: limits.pendingBytesPerShard: found 835583; "
                    + "allowed at least 835584, three times headBytes and bodyBytes together"
            ),
            (#""outputBytesPerShard": 2097152"#, nil),
            (
                #""outputBytesPerShard": 2097151"#,
                "2:35: limits.outputBytesPerShard: found 2097151; "
                    + "allowed at least 2097152, twice outputBytesPerConnection"
            ),
        ] as [(String, String?)])
    func holdsTheMemoryOfAShardToItsLimits(_ limit: String, _ refusal: String?) {
        #expect(refusals(file("\"limits\": {\(limit)}")) == (refusal.map { [$0] } ?? []))
    }

    /// A catalog comes from one place, and what is published from somebody.
    @Test(arguments: [
        (#"{"stateDirectory": "/s"}"#, "catalog.path: found neither it nor `published`"),
        (
            #"{"path": "/c", "published": {}, "stateDirectory": "/s"}"#,
            "catalog.published: found `path` beside it"
        ),
        (
            #"{"published": {}, "stateDirectory": "/s"}"#,
            "catalog.published: found what is published, and nobody to ask for it"
        ),
    ])
    func aCatalogHasOneSource(_ catalog: String, _ said: String) {
        let text = file(#""journal": {"directory": "/j"}, "catalog": \#(catalog)"#)
        let all = refusals(text)
        #expect(all.count == 1 && all[0].contains(said), "\(all)")
    }

    @Test func rulesWaitForWholeObjects() {
        // The notice that is refused would be its default to a rule, and too long.
        #expect(
            refusals(file(#""drain": {"noticeMilliseconds": "x", "timeoutMilliseconds": 5000}"#)).count == 1)
    }

    @Test func reportsEverythingInTheOrderOfTheFile() {
        let text = """
            {
              "deamon": "node",
              "daemon": "node",
              "node": {"name": "Node", "region": 7},
              "listen": [{"port": 80}, {"address": "::", "port": "http"}],
              "limits": {"bodyBytes": -1, "bodyBytes": 5},
              "drain": {"noticeMilliseconds": 9, "timeoutMilliseconds": 1}
            }
            """
        let places = refusals(text).map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(
            places == [
                "2:3: deamon:", "4:20: node.name:", "4:38: node.region:", "5:14: listen[0].address:",
                "5:54: listen[1].port:", "6:27: limits.bodyBytes:", "6:31: limits.bodyBytes:",
                "7:61: drain.timeoutMilliseconds:",
            ])
    }

    @Test func countsWhatItDoesNotReport() {
        let keys = (0..<20_000).map { "\"key\($0)\": [[[[0]]]]" }.joined(separator: ", ")
        #expect {
            try DaemonSettings(Array(file(keys).utf8))
        } throws: { error in
            let refused = error as? DocumentRefused
            return refused?.refusals.count == 100 && refused?.unreported == 19_900
        }
    }

    @Test func depthIsBounded() {
        let text = file(#""shards": "# + String(repeating: "[", count: 100_000))
        #expect(refusals(text).first?.contains("nested deeper than the limit") == true)
    }

    @Test func readingEndsWhateverTheBytesAre() {
        let seed = UInt64.random(in: 0 ... .max)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let good = Array(Daemon.node.exampleFile.page.utf8)
        for _ in 0..<2_000 {
            var bytes = good
            for _ in 0...next(3) {
                switch next(3) {
                case 0: bytes[next(bytes.count)] = UInt8(next(256))
                case 1: bytes.remove(at: next(bytes.count))
                default:
                    bytes.insert(
                        contentsOf: bytes[next(bytes.count)...].prefix(next(30)), at: next(bytes.count))
                }
            }
            do {
                _ = try DaemonSettings(bytes)
            } catch {
                #expect(!error.refusals.isEmpty, "seed \(seed)")
            }
        }
    }
}
