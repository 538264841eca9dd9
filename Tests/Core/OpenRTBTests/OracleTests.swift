// The reader beside Python's: random requests, of which both say the same, field by field, pod by pod.
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct OracleTests {
    static let rounds = ProcessInfo.processInfo.environment["PACELINE_LONG"] == nil ? 400 : 20_000
    static let python = "/usr/bin/python3"

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "\(python) is missing"))
    func agreesWithPython() throws {
        var requests = RandomRequests(seed: 26)
        let all = (0..<Self.rounds).map { _ in requests.request() }
        let expected = try Self.expected(all)
        try #require(expected.count == all.count)
        var reader = BidRequestReader()
        var fields = 0
        for (round, text) in all.enumerated() {
            let bytes = Array(text.utf8)
            let request = try reader.read(bytes.span.bytes)
            let ours = lines(of: request).sorted()
            fields += ours.count
            guard ours != expected[round] else { continue }
            let (left, right) = (Set(ours), Set(expected[round]))
            Issue.record(
                """
                seed 26, request \(round): ours \(left.subtracting(right).sorted().prefix(5)), \
                Python's \(right.subtracting(left).sorted().prefix(5)) of \(text)
                """)
            return
        }
        // Short of that, the generator has become too tame.
        #expect(fields > 200 * all.count)
    }

    /// What Python's `json` and the program beside this file make of the requests.
    private static func expected(_ requests: [String]) throws -> [[String]] {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "paceline-openrtb-\(UUID().uuidString)")
        let lines = requests.map { $0.utf8.map { String(format: "%02x", $0) }.joined() }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: python)
        let program = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "oracle.py")
        process.arguments = [program.path(), RequestSchema.text]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: output, as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
    }
}

/// `path=value` for every field of the request, found by reflection, so that none is forgotten. Texts are in
/// hexadecimal, prices in micros, absent values are `-`.
private func lines(of request: BidRequest) -> [String] {
    var lines: [String] = []
    // Each is what the wire calls it, or the place in which it stands there.
    let names = [
        "usPrivacy": "us_privacy", "gppSid": "gpp_sid", "privateAuction": "private_auction",
    ]

    func add(_ value: Any, _ path: String, _ request: BidRequest) {
        func list<Element>(_ elements: Span<Element>) {
            for index in elements.indices { add(elements[index], "\(path)[\(index)]", request) }
        }
        switch value {
        case let text as Text:
            lines.append("\(path)=\(request.string(text).utf8.map { String(format: "%02x", $0) }.joined())")
        case let flag as Bool: lines.append("\(path)=\(flag ? 1 : 0)")
        case let number as Int32: lines.append("\(path)=\(number)")
        case let number as Double: lines.append("\(path)=\(number.bitPattern)")
        case let amount as Micros: lines.append("\(path)=\(amount.rawValue)")
        case let code as CurrencyCode: lines.append("\(path)=\(code)")
        case let kind as Inventory.Kind: lines.append("\(path)=\(kind)")
        case let run as Run<Text>: list(request[run])
        case let run as Run<Int32>: list(request[run])
        case let run as Run<CurrencyCode>: list(request[run])
        case let run as Run<Deal>: list(request[run])
        case let run as Run<DurationFloor>: list(request[run])
        case let run as Run<Banner>: list(request[run])
        case let run as Run<Format>: list(request[run])
        case let run as Run<ExtendedID>: list(request[run])
        case let run as Run<UserID>: list(request[run])
        case let run as Run<DataSource>: list(request[run])
        case let run as Run<Segment>: list(request[run])
        case let run as Run<SupplyChainNode>: list(request[run])
        default:
            let mirror = Mirror(reflecting: value)
            if mirror.displayStyle == .optional {
                if let inner = mirror.children.first?.value {
                    add(inner, path, request)
                } else {
                    lines.append("\(path)=-")
                }
                return
            }
            precondition(mirror.displayStyle == .struct, "\(path) is a \(type(of: value))")
            for child in mirror.children {
                let label = child.label ?? "?"
                add(child.value, "\(path).\(names[label] ?? label)", request)
            }
        }
    }

    let own: [(String, Any)] = [
        ("id", request.id), ("at", request.at), ("tmax", request.tmax as Any), ("test", request.test),
        ("allimps", request.allimps), ("cattax", request.cattax), ("cur", request.cur),
        ("wseat", request.wseat), ("bseat", request.bseat), ("acat", request.acat), ("bcat", request.bcat),
        ("badv", request.badv), ("bapp", request.bapp), ("wlang", request.wlang), ("wlangb", request.wlangb),
        ("inventory", request.inventory), ("device", request.device), ("user", request.user),
        ("regs", request.regs), ("source", request.source), ("ext", request.ext),
    ]
    for (name, value) in own { add(value, name, request) }
    let imps = request.imps
    for index in imps.indices { add(imps[index], "imp[\(index)]", request) }
    let pods = request.pods
    for index in pods.indices {
        let slots = request[pods[index].slots]
        let members = slots.indices.map { "\(slots[$0].imp)" }.joined(separator: ",")
        lines.append("pods[\(index)]=\(pods[index].kind),\(members)")
    }
    return lines
}
