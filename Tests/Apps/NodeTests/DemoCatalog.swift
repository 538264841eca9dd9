// The catalog and the request of the examples, as tests of decisions use them.
import Foundation

enum Demo {
    private static let examples = URL(filePath: #filePath).appending(path: "../../../../Examples")
        .standardized

    /// A request of the examples: without a name that for a break of ninety seconds on a television set.
    static func request(_ name: String = "ctv-pod") throws -> String {
        try String(contentsOf: examples.appending(path: "\(name).json"), encoding: .utf8)
    }

    /// Copies the catalog into a folder, with flights that have no end: tests run for years. Nothing is paced: over a
    /// century there is next to nothing to spend in a second.
    static func copyCatalog(into folder: Folder, as name: String = "catalog") throws {
        let from = examples.appending(path: "catalog")
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: name), withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: from.path()) {
            let text = try String(contentsOf: from.appending(path: file), encoding: .utf8)
                .replacing("\"start\": \"2026-", with: "\"start\": \"2000-")
                .replacing("\"end\": \"20", with: "\"end\": \"21")
                .replacing(#/ *"pacing": "[a-z]+",\n/#, with: "")
                .replacing("\"lifetimeBudget\"", with: "\"pacing\": \"asap\", \"lifetimeBudget\"")
            try folder.write(text, to: "\(name)/\(file)")
        }
    }

    /// Copies the catalog, with a dinner that is for every hour, so that the test is too; and models that predict for it,
    /// not sealed, and for any version of the schema, so that a test may change one file alone.
    static func copyModels(into folder: Folder) throws {
        try copyCatalog(into: folder)
        try edit(
            folder, "line-items.json",
            """
                    "daypart": [
                      {"days": ["mon", "tue", "wed", "thu"], "from": "16:30", "to": "20:00"},
                      {"days": ["fri", "sat", "sun"], "from": "16:30", "to": "22:00"}
                    ],

            """, "")
        let from = URL(filePath: #filePath).appending(path: "../../../Support/HandWrittenModels").standardized
        try FileManager.default.copyItem(at: from, to: folder.url.appending(path: "models"))
        var list = folder.read("models/models.json")
        for sealing in [#",\s*"files": \[[^\]]*\]"#, #"\s*"golden": "[^"]*","#, #"\s*"featuresVersion": 1,"#]
        {
            list = list.replacingOccurrences(of: sealing, with: "", options: .regularExpression)
        }
        try folder.write(list, to: "models/models.json")
    }

    /// The break on a television, for another household: caps are by household.
    static func request(household: Int) throws -> String {
        try request().replacingOccurrences(
            of: "192.0.2.17", with: "192.\(household / 250).2.\(household % 250 + 1)")
    }

    /// Puts other words in the place of some in a file of the catalog, all at once.
    static func edit(_ folder: Folder, _ file: String, _ old: String, _ new: String) throws {
        let text = folder.read("catalog/\(file)")
        guard text.contains(old) else { throw CocoaError(.fileReadCorruptFile) }
        try folder.write(text.replacingOccurrences(of: old, with: new), to: "catalog/\(file)")
    }
}

extension RunningNode {
    /// Sends a bid request, and gives the answer.
    func bid(
        _ body: String, path: String = "/openrtb2/bid", header: String = "content-type: application/json"
    )
        async throws -> Answer?
    {
        let wire = try Wire(port)
        wire.send(
            "POST \(path) HTTP/1.1\r\nhost: localhost\r\n\(header)\r\nconnection: close\r\n"
                + "content-length: \(body.utf8.count)\r\n\r\n\(body)")
        return try await wire.answer()
    }

    /// The version of the catalog that it serves.
    func catalogVersion() async throws -> String? {
        let identity = try await Wire.get("/v1/node", port: port)
        let object =
            try JSONSerialization.jsonObject(with: Data((identity?.body ?? "").utf8)) as? [String: Any]
        return (object?["catalog"] as? [String: Any])?["version"] as? String
    }
}
