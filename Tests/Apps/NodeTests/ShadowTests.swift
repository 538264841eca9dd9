// Shadows on a running node: what they say of decisions is journaled and compared with what happened, and however slow
// they are, no answer waits for them.
import Foundation
import Testing

@Suite struct ShadowTests {
    private func add(_ entry: String, to folder: Folder) throws {
        let list = folder.read("models/models.json")
        let changed = list.replacingOccurrences(of: "\"models\": [", with: "\"models\": [\n    \(entry),")
        try #require(changed != list)
        try folder.write(changed, to: "models/models.json")
    }

    /// The token of a dinner's address in an answer; nil where it did not win.
    private func token(_ event: String, in answer: Answer) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        for seat in object?["seatbid"] as? [[String: Any]] ?? [] {
            for bid in seat["bid"] as? [[String: Any]] ?? [] where bid["crid"] as? String == "harvest-bowl-15"
            {
                let markup = try #require(bid["adm"] as? String)
                let pattern = try Regex(
                    "/e/\(event)\\?t=([A-Za-z0-9_-]{128})", as: (Substring, Substring).self)
                return try #require(markup.firstMatch(of: pattern)).output.1.description
            }
        }
        return nil
    }

    @Test func theyAreComparedWithWhatHappened() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        try add(
            #"{"goal": "completedView", "role": "shadow", "name": "small", "file": "completion-small.txt"}"#,
            to: folder)
        let plan = Plan(
            catalog: "catalog", models: "models", shadows: ["shadowOneIn": 1, "shadowMilliseconds": 1_000],
            notices: "http://notices.test", accessOneIn: 0)
        let (decisions, shown, completed) = (24, 16, 10)
        try await withNode(plan, in: folder) { node in
            for number in 0..<decisions {
                let answer = try #require(try await node.bid(Demo.request(household: number)))
                // Not faster than they are asked, so that none is left out.
                try await until("the shadow was asked") {
                    try await node.metric("paceline_model_shadow_records_total") == Double(number + 1)
                }
                guard number < shown else { continue }
                for event in ["imp"] + (number < completed ? ["complete"] : []) {
                    let token = try #require(try token(event, in: answer))
                    #expect(try await Wire.get("/e/\(event)?t=\(token)", port: node.port)?.status == 204)
                }
            }
            #expect(
                try await node.metric("paceline_model_shadow_candidates_total{goal=\"completedView\"}")
                    == Double(decisions))
        }
        let compared = try await folder.run(
            "paceline model compare --journal journal --wait 0 --json", seconds: 60)
        #expect(compared.status == 0, "\(compared)")
        let all = try #require(
            try JSONSerialization.jsonObject(with: Data(compared.output.utf8)) as? [String: Any])
        #expect(all["decisions"] as? Int == decisions)
        let pairs = try #require(all["shadows"] as? [[String: Any]])
        let pair = try #require(pairs.first)
        #expect(pairs.count == 1 && pair["shadow"] as? String == "small")
        // All requests are alike, so that each model says one number, which its own file says as well.
        let share = Double(completed) / Double(shown)
        for name in ["champion", "said"] {
            let said = try #require(pair[name] as? [String: Any])
            let mean = try #require(said["mean"] as? Double)
            #expect(said["predictions"] as? Int == decisions && said["judged"] as? Int == shown)
            #expect(said["happened"] as? Double == share, "\(said)")
            let loss = -share * log(mean) - (1 - share) * log(1 - mean)
            #expect(abs((said["logLoss"] as? Double ?? 0) - loss) < 1e-4, "\(said)")
            #expect(abs((said["offBy"] as? Double ?? 0) - abs(mean - share)) < 2e-5, "\(said)")
        }
        let quantiles = try #require(pair["differences"] as? [String: Double])
        let means = ["said", "champion"].map { (pair[$0] as? [String: Any])?["mean"] as? Double ?? 0 }
        #expect(abs((quantiles["p50"] ?? 0) - (means[0] - means[1])) < 2e-5 && means[0] != means[1])
        let text = try await folder.run("paceline model compare --journal journal --wait 0", seconds: 60)
        #expect(text.output.contains("completed view: shadow small"), "\(text)")
        let early = try await folder.run("paceline model compare --journal journal --json", seconds: 60)
        #expect(early.output.contains("\"judged\": 0"), "\(early)")
        let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
        // More than were asked for, where a busy machine had some asked again.
        let made = replayed.output.split(separator: " ").first.flatMap { Int($0) } ?? 0
        #expect(made >= decisions, "\(replayed)")
        #expect(
            replayed.output.contains("\(made) decisions: \(made) replayed, \(made) equal"), "\(replayed)")
    }

    /// Trees as deep as they have leaves, each of which every row goes down to its end.
    private func slowModel(trees: Int, leaves: Int) -> String {
        let features = "hour deviceType genre user.completes7d seconds creative.completion30d"
        func list(_ value: String, _ count: Int) -> String {
            [String](repeating: value, count: count).joined(separator: " ")
        }
        let nodes = leaves - 1
        let left = (0..<nodes).map { "\(-1 - $0)" }.joined(separator: " ")
        let right = ((1..<nodes).map { "\($0)" } + ["\(-leaves)"]).joined(separator: " ")
        let head = """
            tree
            version=v4
            num_class=1
            num_tree_per_iteration=1
            label_index=0
            max_feature_idx=5
            objective=binary sigmoid:1
            feature_names=\(features)
            feature_infos=[0:23] [1:7] [0:3] [0:1000] [0:120] [0:1]
            tree_sizes=\(list("300", trees))


            """
        let all = (0..<trees).map { tree in
            """
            Tree=\(tree)
            num_leaves=\(leaves)
            num_cat=0
            split_feature=\(list("4", nodes))
            split_gain=\(list("1", nodes))
            threshold=\(list("-9", nodes))
            decision_type=\(list("2", nodes))
            left_child=\(left)
            right_child=\(right)
            leaf_value=\(list("0.001", leaves))
            leaf_weight=\(list("1", leaves))
            leaf_count=\(list("1", leaves))
            internal_value=\(list("0", nodes))
            internal_weight=\(list("2", nodes))
            internal_count=\(list("2", nodes))
            is_linear=0
            shrinkage=1


            """
        }
        return head + all.joined(separator: "\n") + "\nend of trees\n"
    }

    /// What curl waits for the answers to requests that it sends one after the other, in microseconds.
    private func times(_ node: RunningNode, households: Range<Int>) async throws -> [Double] {
        var lines: [String] = []
        for household in households {
            try node.folder.write(Demo.request(household: household), to: "request-\(household)")
            lines += [
                "next", "json = @request-\(household)", "url = http://127.0.0.1:\(node.port)/openrtb2/bid",
                "output = answer", "write-out = \"%{http_code} %{time_total}\\n\"",
            ]
        }
        try node.folder.write(lines.dropFirst().joined(separator: "\n") + "\n", to: "requests")
        var times: [Double] = []
        // On a busy machine a node turns requests away, for whoever asks to ask again.
        for _ in 0..<5 where times.count < households.count {
            let told = try await node.folder.run("curl -s -K requests")
            times += told.output.split(separator: "\n").compactMap { line in
                line.hasPrefix("200 ") ? Double(line.dropFirst(4)).map { $0 * 1e6 } : nil
            }
        }
        try #require(times.count >= households.count, "\(times.count) of \(households.count) were answered")
        return times
    }

    /// Two nodes that are asked in turn, the one with shadows that take many times what its decisions do.
    @Test func noAnswerWaitsForThem() async throws {
        let folders = try [Folder(), Folder()]
        for folder in folders {
            try Demo.copyModels(into: folder)
            let dinners = (0..<40).map {
                #"{"id": "dinner-\#($0)", "campaign": "harvest-dinner", "name": "Dinner \#($0)", "creatives": ["harvest-bowl-15"]}"#
            }
            try Demo.edit(
                folder, "line-items.json", "\"lineItems\": [",
                "\"lineItems\": [\n" + dinners.joined(separator: ",\n") + ",")
        }
        try folders[1].write(slowModel(trees: 20, leaves: 2_000), to: "models/slow.txt")
        for number in 0..<2 {
            try add(
                #"{"goal": "completedView", "role": "shadow", "name": "slow-\#(number)", "file": "slow.txt"}"#,
                to: folders[1])
        }
        let plan = Plan(
            catalog: "catalog", models: "models", shadows: ["shadowOneIn": 1, "shadowMilliseconds": 200],
            accessOneIn: 0, requestOneIn: 1)
        var (plainTimes, shadowedTimes): ([Double], [Double]) = ([], [])
        let decisions = 300
        var each = 0.0
        try await withNode(plan, in: folders[0]) { plain in
            try await withNode(plan, in: folders[1]) { shadowed in
                for first in stride(from: 0, to: decisions, by: 50) {
                    plainTimes += try await times(plain, households: first..<first + 50)
                    shadowedTimes += try await times(shadowed, households: first..<first + 50)
                }
                let metrics = try await shadowed.metrics()
                func metric(_ name: String) -> Double { metrics["paceline_model_shadow_\(name)"] ?? 0 }
                let asked = metric("seconds_count{goal=\"completedView\"}")
                each = metric("seconds_sum{goal=\"completedView\"}") / asked * 2 * 1e6
                let skipped = ["budget", "behind"].map { metric("skipped_total{reason=\"\($0)\"}") }
                #expect(asked > 0 && skipped[0] + skipped[1] > 0, "\(asked) asked, \(skipped)")
            }
        }
        plainTimes.sort()
        shadowedTimes.sort()
        func quantile(_ times: [Double], _ part: Double) -> Double { times[Int(part * Double(times.count))] }
        let line = [0.5, 0.9, 0.99].map {
            "\(Int($0 * 100)) %: \(Int(quantile(plainTimes, $0))) and \(Int(quantile(shadowedTimes, $0))) µs"
        }.joined(separator: ", ")
        print("without and with shadows that take \(Int(each)) µs a decision: \(line)")
        // Had answers waited, every one would have taken so much longer. The slowest ones are what a busy machine makes
        // of them, with shadows and without: of a hundred one is nobody's.
        #expect(quantile(shadowedTimes, 0.5) < quantile(plainTimes, 0.5) + each / 2, "\(line)")
        #expect(quantile(shadowedTimes, 0.9) < 2 * quantile(plainTimes, 0.9) + each, "\(line)")
        let replayed = try await folders[1].run("paceline replay journal --catalogs state", seconds: 120)
        // More than were asked for, where a busy machine had some asked again.
        let made = replayed.output.split(separator: " ").first.flatMap { Int($0) } ?? 0
        #expect(made >= decisions, "\(replayed)")
        #expect(
            replayed.output.contains("\(made) decisions: \(made) replayed, \(made) equal"), "\(replayed)")
    }
}
