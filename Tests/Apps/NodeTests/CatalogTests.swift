// A node's catalog: taken while serving, refused with its place, kept over restarts.
import Foundation
import Glibc
import Testing

@Suite struct CatalogTests {
    private static let mistake = ("campaigns.json", "\"USD\"", "\"usd\"")

    private func ready(_ node: RunningNode) async throws -> String {
        try #require(try await Wire.get("/readyz", port: node.admin)).body
    }

    @Test func aChangeIsTakenAndAMistakeIsNot() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(shards: 2, catalog: "catalog", accessOneIn: 0), in: folder) { node in
            let first = try await node.catalogVersion()
            let before = try #require(try await node.bid(Demo.request()))
            let (file, right, wrong) = CatalogTests.mistake
            try Demo.edit(folder, file, right, wrong)
            try await until("the mistake is refused") {
                try await node.metric("paceline_catalog_refusals_total") == 1
            }
            try await until("the log says it") { node.log.contains("three capital letters") }
            // In readiness, in the log and for whoever asks the node: the file, the line, what is allowed.
            for told in [
                try await ready(node), node.log,
                try #require(try await Wire.get("/v1/node", port: node.port)).body,
            ] {
                #expect(told.contains("campaigns.json:") && told.contains("three capital letters"), "\(told)")
            }
            #expect(try await Wire.get("/readyz", port: node.admin)?.status == 200)
            #expect(try await node.metric("paceline_catalog_refused") == 1)
            #expect(try await node.catalogVersion() == first)
            #expect(try await node.bid(Demo.request())?.status == before.status)

            try Demo.edit(folder, file, wrong, right)
            try await until("what is served is on disk again") {
                try await node.metric("paceline_catalog_refused") == 0
            }
            #expect(try await ready(node) == #"{"ok":true,"reasons":[]}"#)
            #expect(try await node.metric("paceline_catalog_reloads_total") == 0)
            try Demo.edit(folder, "campaigns.json", "\"name\": \"", "\"name\": \"New ")
            try await until("the change is served") { try await node.catalogVersion() != first }
            #expect(try await node.metric("paceline_catalog_reloads_total") == 1)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path("state/snapshots")).count == 2
            )
            let journal = try await folder.run("paceline journal cat --json journal | grep catalog-reload")
            #expect(journal.output.split(separator: "\n").count == 2, "\(journal)")
        }
    }

    /// Files that are lost, and what is said of them: the last good catalog serves on.
    @Test(arguments: [
        ("rm -r catalog", "could not be looked at"), ("rm catalog/*.json", "no .json file there"),
        ("rm catalog/line-items.json", "found no line item, where 10 are served (gone: line-items.json)"),
        ("rm catalog/creatives.json", "aurora-range-30"),
    ])
    func lostFilesStopNothing(_ loss: String, _ said: String) async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            let first = try await node.catalogVersion()
            #expect(try await folder.run("cp -r catalog kept; \(loss)").status == 0)
            try await until("the loss is refused") {
                try await node.metric("paceline_catalog_refused") == 1
            }
            let told = try await ready(node)
            #expect(told.contains(said), "\(told)")
            try await until("the log says so too") { node.log.contains(said) }
            #expect(try await Wire.get("/readyz", port: node.admin)?.status == 200)
            #expect(try await node.catalogVersion() == first)
            #expect(try await node.metric("paceline_catalog_line_items") == 10)
            #expect(try await folder.run("rm -rf catalog; mv kept catalog").status == 0)
            try await until("what is served is on disk again") {
                try await node.metric("paceline_catalog_refused") == 0
            }
        }
    }

    @Test func aCatalogThatShrinksIsServedAndTold() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        // Eight of the ten line items in a file of their own, which is lost.
        let split = """
            import json
            whole = json.load(open("catalog/line-items.json"))["lineItems"]
            json.dump({"lineItems": whole[:2]}, open("catalog/line-items.json", "w"))
            json.dump({"lineItems": whole[2:]}, open("catalog/more.json", "w"))
            """
        try folder.write(split, to: "split.py")
        try #require(try await folder.run("python3 split.py").status == 0)
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            #expect(try await node.metric("paceline_catalog_line_items_fewer") == 0)
            #expect(try await folder.run("rm catalog/more.json").status == 0)
            try await until("it is served") { try await node.metric("paceline_catalog_line_items") == 2 }
            #expect(try await node.metric("paceline_catalog_line_items_fewer") == 8)
            try await until("it is told") {
                node.log.contains("less than half") && node.log.contains("more.json")
            }
        }
    }

    @Test func hangUpReadsAgain() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            let (file, right, wrong) = CatalogTests.mistake
            try Demo.edit(folder, file, right, wrong)
            try await until("refused") { try await node.metric("paceline_catalog_refusals_total") == 1 }
            node.running.signal(SIGHUP)
            try await until("said again") { try await node.metric("paceline_catalog_refusals_total") == 2 }
        }
    }

    @Test func theLastGoodOneOutlivesARestart() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        var version: String?
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            version = try await node.catalogVersion()
        }
        try folder.write("{", to: "catalog/campaigns.json")
        try await withNode(Plan(catalog: "catalog"), in: folder) { node in
            #expect(try await node.catalogVersion() == version)
            #expect(try await node.bid(Demo.request()).map { $0.status < 300 } == true)
            try await until("the mistake is told") {
                let told = try await ready(node)
                return told.contains("campaigns.json:1:") && told.contains("the last good one serves")
            }
        }
        // A damaged last good one is found out; then there is nothing to serve.
        let kept = folder.path("state/snapshots/\(version ?? "").snapshot")
        let handle = try FileHandle(forUpdating: URL(filePath: kept))
        try handle.seek(toOffset: 2_000)
        try handle.write(contentsOf: Data([0xA5, 0x5A, 0xA5]))
        try handle.close()
        let running = try folder.start(
            ["paceline-node", "--config", "node.json"], seconds: 20, into: "second")
        #expect(await running.end() == 1)
        let errors = folder.read("second.errors")
        #expect(errors.contains("the catalog that was served last cannot be"), "\(errors)")
        #expect(
            errors.contains("the catalog is refused") && errors.contains("campaigns.json:1:"), "\(errors)")
    }

    @Test func anotherCatalogsLastGoodOneIsNotServed() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try Demo.copyCatalog(into: folder, as: "other")
        try await withNode(Plan(catalog: "catalog"), in: folder) { _ in }
        try folder.write("{", to: "other/campaigns.json")
        let plan = Plan(catalog: "other")
        try folder.write(plan.settings(ports: FreePorts.take(2), in: folder), to: "other.json")
        let running = try folder.start(
            ["paceline-node", "--config", "other.json"], seconds: 20, into: "other")
        #expect(await running.end() == 1)
        #expect(
            folder.read("other.errors").contains("other/campaigns.json:1:"), "\(folder.read("other.errors"))")
    }

    @Test func snapshotsAreHeldToWhatTheySay() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        #expect(
            try await folder.run("paceline catalog compile catalog --output good && cp good served").status
                == 0)
        try await withNode(Plan(catalog: "served"), in: folder) { node in
            let version = try await node.catalogVersion()
            let harms = [
                ("head -c 9000 good", "cut off"),
                ("printf 'a snapshot, or so they say'", "another kind of file"),
                (#"{ head -c 8 good; printf '\377\000\000\000'; tail -c +13 good; }"#, "newer"),
                (#"{ head -c 5000 good; printf '\125\252'; tail -c +5003 good; }"#, "damaged"),
            ]
            for (number, (harm, said)) in harms.enumerated() {
                #expect(try await folder.run("\(harm) > next && mv next served").status == 0)
                try await until("refused: \(said)") {
                    try await node.metric("paceline_catalog_refusals_total") == Double(number + 1)
                }
                let told = try await ready(node)
                #expect(told.contains("served: found") && told.contains(said), "\(told)")
            }
            #expect(try await node.catalogVersion() == version)
            #expect(try await node.bid(Demo.request())?.status == 200)
        }
    }

    /// Asks on several connections until there is a file `enough`, and tells of every answer.
    private static let client = """
        import collections, http.client, json, os, random, sys, threading, time
        port = int(sys.argv[1])
        body = open(sys.argv[2]).read()
        times, failures, nobids, names = [], [], [], set()
        def another():
            # Each request is another viewer's: one and the same would soon have seen all that has a cap.
            viewer, house = "%08x" % random.getrandbits(32), "10.%d.%d.%d" % tuple(random.choices(range(1, 255), k=3))
            return body.replace("6f1c2d54", viewer).replace("192.0.2.17", house)
        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", port)
            while not os.path.exists("enough"):
                began = time.monotonic()
                try:
                    connection.request("POST", "/openrtb2/bid?nbr=1", another(), {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    text = answer.read().decode()
                    if answer.status != 200: failures.append(text)
                    elif "seatbid" not in json.loads(text): nobids.append(text)
                    names.add("Renamed" in text)
                except Exception as failure: failures.append(repr(failure)); break
                times.append(time.monotonic() - began)
                time.sleep(0.001)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        times.sort()
        reasons = collections.Counter(json.loads(text).get("nbr") for text in nobids)
        print(json.dumps({"count": len(times), "failures": failures[:3], "nobids": len(nobids), "reasons": reasons,
                          "versions": len(names),
                          "p99": times[len(times) * 99 // 100], "longest": times[-1]}))
        """

    @Test(.enabled(if: Folder.has("python3"), "needs python3"))
    func swapsDropNothing() async throws {
        let folder = try Folder()
        try Demo.copyCatalog(into: folder)
        try folder.write(CatalogTests.client, to: "client.py")
        try folder.write(
            Demo.request().replacing("\"tmax\": 250", with: "\"tmax\": 9000"), to: "request.json")
        // A machine that is busy with other tests is no overload of this node's.
        let overload = ["targetMilliseconds": 900, "patienceMilliseconds": 9_000, "limitMilliseconds": 9_000]
        try await withNode(Plan(shards: 2, catalog: "catalog", overload: overload), in: folder) { node in
            let asking = Task {
                try await folder.run("python3 client.py \(node.port) request.json", seconds: 60)
            }
            var isRenamed = false
            let words = ("\"name\": \"", "\"name\": \"Renamed ")
            for swap in 1...5 {
                let (old, new) = isRenamed ? (words.1, words.0) : words
                try Demo.edit(folder, "creatives.json", old, new)
                isRenamed.toggle()
                node.running.signal(SIGHUP)
                try await until("swap \(swap)") {
                    try await node.metric("paceline_catalog_reloads_total") == Double(swap)
                }
                try await Task.sleep(for: .milliseconds(300))
            }
            try folder.write("", to: "enough")
            let said = try await asking.value
            struct Report: Decodable {
                let count: Int
                let failures: [String]
                let nobids: Int
                let reasons: [String: Int]
                let versions: Int
                let p99: Double
                let longest: Double
            }
            let report = try JSONDecoder().decode(Report.self, from: Data(said.output.utf8))
            print("swaps under load, unoptimised: \(said.output)")
            #expect(report.failures.isEmpty && report.versions == 2 && report.count > 100, "\(said)")
            // Money comes under marks as traffic comes: a start that is overrun, or a disk that is slow for a moment,
            // bids on all of it some commits later.
            let waiting = report.reasons["515", default: 0]
            #expect((report.nobids - waiting) * 20 < report.count && waiting * 2 < report.count, "\(said)")
            // Of a program without optimisation on a busy machine: what waits for a compilation takes longer.
            #expect(report.longest < 1, "\(said)")
        }
    }
}
