// Every setting of the node: read at both ends of its range, refused beyond, and said the same in the JSON
// Schema and in docs/settings.md as it is read.
import Auction
import Documents
import Foundation
import Testing
import Units

@testable import Settings

/// A file changed in one place: what is allowed there, and whether the change is.
private struct Mutant {
    let path: String
    let allowed: String
    let file: JSONTree
    let isAccepted: Bool

    /// The same change, seen from further out.
    func inside(_ file: JSONTree) -> Mutant {
        Mutant(path: path, allowed: allowed, file: file, isAccepted: isAccepted)
    }
}

/// A file in which every key stands but `$schema`, in the order of the reference.
private func wholeFile() throws -> JSONTree {
    let tls = #"""
        "tls": {"certificateFile": "/c", "keyFile": "/k", "clientCAFile": "/a", "clientCertificate": "required",
                "minimumVersion": "1.3", "reloadSeconds": 5}
        """#
    var text = Daemon.node.exampleFile.line
    text = text.replacing(#""rates": []"#, with: #""rates": [{"currency": "EUR", "worth": "1.0837"}]"#)
    let catalog = #"""
        "catalog": {"path": "/c", "stateDirectory": "/s", "reloadSeconds": 5, "retainSeconds": 691200,
                    "retainBytes": 17179869184}, "decision":
        """#
    text = text.replacing(#""decision":"#, with: catalog)
    for port in [#""port": 8080"#, #""port": 9900"#] { text = text.replacing(port, with: "\(port), \(tls)") }
    return try JSONTree(reading: Array(text.utf8))
}

private let everyType: [JSONTree] = [.null, true, 1, "?", [], [:]]

/// The file changed in every place, in every way in which its shape tells right from wrong.
private func mutants(of tree: JSONTree, _ shape: Shape, at path: String = "") -> [Mutant] {
    func changed(_ file: JSONTree, _ isAccepted: Bool) -> Mutant {
        Mutant(path: path, allowed: shape.allowed, file: file, isAccepted: isAccepted)
    }
    func wrongTypes(_ right: Int) -> [Mutant] {
        everyType.indices.filter { $0 != right }.map { changed(everyType[$0], false) }
    }
    switch (shape, tree.content) {
    case (.integer(let range, _), _):
        return wrongTypes(2) + [
            changed(.number(range.lowerBound), true), changed(.number(range.upperBound), true),
            changed(.number(range.lowerBound - 1), false), changed(.number(range.upperBound + 1), false),
        ]
    case (.choice(let words), _): return wrongTypes(-1) + words.map { changed(.string($0), true) }
    case (.text, _): return wrongTypes(-1)
    case (.list(let element, let count), .array(let elements)):
        let tooMany = JSONTree.array(Array(repeating: elements[0], count: count.upperBound + 1))
        return wrongTypes(count.contains(0) ? 4 : -1) + [changed(tooMany, false)]
            + mutants(of: elements[0], element, at: "\(path)[0]").map { $0.inside([$0.file]) }
    case (.object(let object), .object(let members)):
        return wrongTypes(5) + mutants(of: members, object, at: path)
    default: return []
    }
}

private func mutants(of members: [JSONTree.Member], _ object: ObjectShape, at path: String) -> [Mutant] {
    func inner(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    let known = object.fields.map(\.key).joined(separator: ", ")
    var all = [
        Mutant(
            path: inner("unheardOf"), allowed: known, file: .object(members + [.init("unheardOf", 1)]),
            isAccepted: false)
    ]
    for (index, member) in members.enumerated() {
        guard let field = object.fields.first(where: { $0.key == member.key }) else { continue }
        if case .required = field.presence {
            let rest = members[..<index] + members[(index + 1)...]
            all.append(
                Mutant(
                    path: inner(field.key), allowed: field.shape.allowed, file: .object(Array(rest)),
                    isAccepted: false))
        }
        all += mutants(of: member.value, field.shape, at: inner(field.key)).map { mutant in
            var changed = members
            changed[index] = .init(member.key, mutant.file)
            return mutant.inside(.object(changed))
        }
    }
    return all
}

@Suite struct NodeSettingsTests {
    @Test func everySettingIsReadWhereItsRangeAllowsAndRefusedBeyond() throws {
        let all = mutants(of: try wholeFile(), .object(Daemon.node.shape))
        #expect(all.count > 200)
        for mutant in all {
            var refusals: [DocumentRefusal] = []
            do {
                // What is read is shown: no key sets the value of another.
                let settings = try NodeSettings(Array(mutant.file.line.utf8))
                #expect(settings.effective.line == mutant.file.line)
            } catch {
                refusals = error.refusals
            }
            // Rules between keys may object to what each key alone allows.
            let refusal = refusals.first { $0.path == mutant.path && $0.allowed.hasPrefix(mutant.allowed) }
            #expect((refusal == nil) == mutant.isAccepted, "\(mutant.path): \(mutant.file.line)")
        }
    }

    @Test func theDefaultsAreThoseOfTheExample() throws {
        let small = #"""
            {"daemon": "node", "node": {"name": "node-1", "region": "eu-west"},
             "listen": [{"address": "0.0.0.0", "port": 8080}]}
            """#
        #expect(try NodeSettings(Array(small.utf8)).effective.line == Daemon.node.exampleFile.line)
    }

    @Test func theExampleIsAccepted() throws {
        for daemon in Daemon.allCases {
            let settings = try DaemonSettings(Array(daemon.exampleFile.page.utf8))
            #expect(settings.daemon == daemon)
            #expect(settings.effective.line == daemon.exampleFile.line, "\(daemon)")
        }
    }

    @Test func valuesArriveWithTheirTypes() throws {
        let text = #"""
            {"$schema": "node.schema.json", "daemon": "node", "node": {"name": "a", "region": "b"}, "reactor": "io_uring",
             "listen": [{"address": "::", "port": 443, "tls": {"certificateFile": "/c", "keyFile": "/k",
               "clientCAFile": "/a", "clientCertificate": "required", "minimumVersion": "1.3", "reloadSeconds": 5}}],
             "limits": {"headTimeoutMilliseconds": 1500}, "drain": {"noticeMilliseconds": 0},
             "log": {"level": "warning", "format": "journald", "perSiteIntervalSeconds": 60},
             "catalog": {"path": "/c", "stateDirectory": "/s"}, "journal": {"directory": "/j", "retainSeconds": 60},
             "decision": {"seat": "42", "vendor": 7, "baseCurrency": "GBP",
               "rates": [{"currency": "EUR", "worth": "0.85"}], "priors": {"clickMillionths": 3}}}
            """#
        let settings = try NodeSettings(Array(text.utf8))
        #expect(settings.reactor == .ioUring)
        #expect(settings.listen.first?.address == IPAddress("::"))
        let tls = try #require(settings.listen.first?.tls)
        #expect(tls.minimumVersion == .v13 && tls.clientCertificate == .required && tls.clientCAFile == "/a")
        #expect(tls.reload == .seconds(5))
        #expect(settings.limits.headTimeout == .milliseconds(1500))
        #expect(settings.drain.notice == .zero && settings.drain.timeout == .seconds(30))
        #expect(settings.log.level == .warning && settings.log.format == .journald)
        #expect(settings.log.perSiteInterval == .seconds(60))
        #expect(settings.catalog?.path == "/c" && settings.catalog?.reload == .seconds(5))
        let decision = settings.decision
        #expect(decision.seat == "42" && decision.vendor == 7 && decision.priors.click == 3)
        #expect(
            decision.baseCurrency == CurrencyCode("GBP")
                && decision.rates.first?.currency == CurrencyCode("EUR"))
        #expect(decision.rates.first?.worth == ExchangeRate(85, per: 100))
        #expect(settings.admin.address == .loopback && settings.admin.tls == nil)
    }

    @Test(arguments: [
        (Daemon.node, "settings.md"), (.broker, "broker-settings.md"),
        (.coordinator, "coordinator-settings.md"),
    ])
    func theReferenceIsWhatTheCodeSays(_ daemon: Daemon, _ name: String) throws {
        let page = URL(filePath: #filePath).appending(path: "../../../../docs/\(name)").standardized
        #expect(
            try String(contentsOf: page, encoding: .utf8) == daemon.reference,
            "write it again: paceline check-config --reference \(daemon) > docs/\(name)")
    }

    @Test(.enabled(if: hasValidator, "Python's jsonschema is not installed (pip install jsonschema)"))
    func theSchemaAgreesWithReading() throws {
        let files = mutants(of: try wholeFile(), .object(Daemon.node.shape))
        let folder = FileManager.default.temporaryDirectory.appending(path: "paceline-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "input")
        let lines = [Daemon.node.jsonSchema.line] + files.map(\.file.line)
        try Data(lines.joined(separator: "\n").utf8).write(to: input)
        let verdicts = try python(
            """
            import json, sys, jsonschema
            lines = open(sys.argv[1]).read().split("\\n")
            schema = json.loads(lines[0])
            jsonschema.Draft202012Validator.check_schema(schema)
            validator = jsonschema.Draft202012Validator(schema)
            for line in lines[1:]: print(int(validator.is_valid(json.loads(line))))
            """, input.path())
        let valid = verdicts.split(separator: "\n").map { $0 == "1" }
        try #require(valid.count == files.count)
        for (file, isValid) in zip(files, valid) {
            #expect(isValid == file.isAccepted, "\(file.path): \(file.file.line)")
        }
    }
}

private let hasValidator = (try? python("import jsonschema; print('yes')")) == "yes\n"

private func python(_ script: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self)
}
