// A node that serves with models: what they say decides, is counted, and is made again by another process from what the
// node wrote down.
import Foundation
import Glibc
import Testing

@Suite struct ModelTests {
    private func of(_ viewer: Int) throws -> String { try Demo.request(household: viewer) }

    @Test func whatWasPredictedIsHeldAgainstWhatHappens() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        try await withNode(
            Plan(
                catalog: "catalog", models: "models", shadows: ["calibrationSeconds": 1],
                notices: "http://notices.test", accessOneIn: 0), in: folder
        ) { node in
            for viewer in 0..<10 {
                let answer = try #require(try await node.bid(of(viewer))).body.replacing("\\/", with: "/")
                for event in ["imp", "complete"] {
                    for match in answer.matches(
                        of: /http:\/\/notices\.test(\/e\/[a-z0-9]+\?t=[A-Za-z0-9_-]{128})/)
                    where match.output.1.hasPrefix("/e/\(event)?") {
                        _ = try await Wire.get(String(match.output.1), port: node.port)
                    }
                }
            }
            try await Task.sleep(for: .seconds(1.2))
            for viewer in 10..<20 { _ = try await node.bid(of(viewer)) }
            func count(_ name: String) async throws -> Double {
                Double(try await node.metric("paceline_model_\(name)_total{goal=\"completedView\"}"))
            }
            let (shown, happened) = (try await count("judged"), try await count("happened"))
            let expected = try await count("expected_thousandths") / 1_000
            #expect(shown >= 10 && happened == shown, "\(shown) \(happened)")
            #expect(expected > 0 && expected < shown)
        }
    }

    @Test func decisionsAreMadeAgainFromWhatWasKept() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        let now = ISO8601DateFormatter().string(from: Date() - 60)
        try folder.write(
            """
            {"at": "\(now)", "user": "6f1c2d54-77f4-4a35-9d43-7d3f6b8e8a10", "event": "complete"}
            {"at": "\(now)", "creative": "harvest-bowl-15", "event": "watched", "value": 0.5}

            """, to: "history.jsonl")
        let imported = try await folder.run(
            "paceline features import --schema models/features.json --store profiles --megabytes 4 history.jsonl"
        )
        #expect(imported.status == 0, "\(imported)")
        var ids: [String] = []
        try await withNode(
            Plan(catalog: "catalog", models: "models", profiles: "profiles", accessOneIn: 0), in: folder
        ) { node in
            for viewer in 0..<20 {
                let answer = try #require(try await node.bid(of(viewer)))
                ids.append(try #require(answer.header("paceline-decision")))
            }
            // A child's request: nobody's profile is asked for.
            _ = try await node.bid(of(30).replacingOccurrences(of: "\"coppa\": 0", with: "\"coppa\": 1"))
            try await node.hasWritten()
            let metrics = try #require(try await Wire.get("/metrics", port: node.admin)?.body)
            #expect(
                metrics.contains(
                    #"paceline_model_candidates_total{goal="completedView",tier="full"} 20"#), "\(metrics)")
            // The viewer's and the creative's; a child cannot be counted, so the dinner, which has a cap, is not for him.
            #expect(metrics.contains(#"paceline_model_profiles_total{known="yes"} 40"#))
            // Of the first decision and of the seventeenth, of which each gave two profiles' values.
            let values = try await node.metric(#"paceline_model_values_total{code="present"}"#)
            #expect(values >= 4, "\(metrics)")
        }
        let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
        #expect(replayed.output.contains("21 decisions: 21 replayed, 21 equal, 0 different"), "\(replayed)")
        let explained = try await folder.run(
            "paceline explain \(ids[0]) --journal journal --catalogs state", seconds: 120)
        for part in [
            "completed view: full", "user.completes7d 1.0", "creative.completion30d 0.5", "(full)",
        ] {
            #expect(explained.output.contains(part), "\(explained)")
        }
        let consistent = try await folder.run(
            "paceline features consistency --schema models/features.json --history history.jsonl --journal journal"
        )
        #expect(consistent.output.contains("40 rows, 40 values: 0 differ"), "\(consistent)")
        let other = try await folder.run(
            "sed 's/0[.]5/0.25/' history.jsonl > other.jsonl; paceline features consistency "
                + "--schema models/features.json --history other.jsonl --journal journal")
        #expect(other.status == 1 && other.output.contains("40 rows, 40 values: 20 differ"), "\(other)")
        // Without the models nothing is made again, which is said.
        let lost = try await folder.run(
            "rm -r state/models; paceline replay journal --catalogs state", seconds: 120)
        #expect(lost.status == 1 && lost.output.contains("MISSING: the models"), "\(lost)")
    }

    /// Profiles that are made, and files that take another's place, while the node serves.
    @Test func profilesAreTakenWhenTheyCome() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        let now = ISO8601DateFormatter().string(from: Date() - 60)
        try folder.write(
            """
            {"at": "\(now)", "creative": "harvest-bowl-15", "event": "watched", "value": 0.5}

            """, to: "history.jsonl")
        func makeProfiles(_ name: String) async throws {
            let imported = try await folder.run(
                "paceline features import --schema models/features.json --store \(name) --megabytes 1 history.jsonl"
            )
            #expect(imported.status == 0, "\(imported)")
        }
        // A machine that is busy with other tests is no overload of this node's.
        let overload = ["targetMilliseconds": 900, "patienceMilliseconds": 9_000, "limitMilliseconds": 9_000]
        let plan = Plan(
            catalog: "catalog", models: "models", profiles: "profiles", overload: overload, accessOneIn: 0)
        try await withNode(plan, in: folder) { node in
            let known = #"paceline_model_profiles_total{known="yes"}"#
            var viewer = 0
            /// How many profiles of ten requests were known.
            func ask() async throws -> Double {
                let before = try await node.metric(known)
                for _ in 0..<10 {
                    let answer = try await node.bid(of(viewer))
                    #expect(answer?.status == 200, "\(String(describing: answer))")
                    viewer += 1
                }
                try await Task.sleep(for: .milliseconds(50))
                return try await node.metric(known) - before
            }
            #expect(try await ask() == 0)
            try await makeProfiles("profiles")
            try await until("they are taken") { try await ask() == 10 }
            try await makeProfiles("later")
            try folder.write("nonsense", to: "other.profiles")
            let place = folder.path("profiles/creative.profiles")
            // What is no file of profiles is refused, and the former ones serve.
            #expect(rename(folder.path("other.profiles"), place) == 0)
            try await until("the mistake is refused") {
                try await node.metric("paceline_model_refused") == 1
            }
            #expect(node.log.contains("creative.profiles"))
            #expect(try await ask() == 10)
            #expect(rename(folder.path("later/creative.profiles"), place) == 0)
            try await until("the other file is taken") {
                try await node.metric("paceline_model_refused") == 0
            }
            #expect(try await ask() == 10)
            #expect(try await node.metric("paceline_model_reloads_total") == 0, "the models are the same")
            try FileManager.default.removeItem(atPath: place)
            try await until("they are gone") { try await ask() == 0 }
        }
    }

    @Test func aChangeIsTakenAndAMistakeIsNot() async throws {
        let folder = try Folder()
        try Demo.copyModels(into: folder)
        func edit(_ file: String, _ old: String, _ new: String) throws {
            let text = folder.read("models/\(file)")
            try #require(text.contains(old))
            try folder.write(text.replacingOccurrences(of: old, with: new), to: "models/\(file)")
        }
        try await Places.shared.take()
        let plan = Plan(shards: 2, catalog: "catalog", models: "models", accessOneIn: 0)
        var node = try await RunningNode.start(plan, in: folder, seconds: 120)
        var viewer = 0
        func ask() async throws {
            for _ in 0..<10 {
                #expect(try await node.bid(of(viewer)) != nil)
                viewer += 1
            }
        }
        try await ask()
        let first = try await node.metric("paceline_model_checksum")
        // A file that is cut in half is refused with its name, and the models that were there serve on.
        let whole = folder.read("models/completion.txt")
        try folder.write(String(whole.prefix(whole.count / 2)), to: "models/completion.txt")
        try await until("the mistake is refused") {
            try await node.metric("paceline_model_refusals_total") == 1
        }
        for told in [
            try #require(try await Wire.get("/readyz", port: node.admin)).body, node.log,
            try #require(try await Wire.get("/v1/node", port: node.port)).body,
        ] { #expect(told.contains("completion.txt: "), "\(told)") }
        #expect(try await Wire.get("/readyz", port: node.admin)?.status == 200)
        #expect(try await node.metric("paceline_model_checksum") == first)
        try await ask()
        // They serve after a restart too, from the node's own copy.
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        node = try await RunningNode.start(plan, in: folder, seconds: 120)
        #expect(try await node.metric("paceline_model_checksum") == first)
        #expect(try await node.metric("paceline_model_refused") == 1)
        try await ask()
        try folder.write(whole, to: "models/completion.txt")
        try await until("what is served is on disk again") {
            try await node.metric("paceline_model_refused") == 0
        }
        try edit("completion.txt", "leaf_value=1.9", "leaf_value=-1.9")
        try await until("the change is served") {
            try await node.metric("paceline_model_reloads_total") == 1
        }
        #expect(try await node.metric("paceline_model_checksum") != first)
        try await ask()
        // Other features, and so no profiles that a restart would not find as well.
        try edit("features.json", "\"version\": 1", "\"version\": 2")
        try await until("the schema is served") {
            try await node.metric("paceline_model_reloads_total") == 2
        }
        try await ask()
        node.running.signal(SIGTERM)
        _ = await node.running.end()
        await Places.shared.give()
        let replayed = try await folder.run("paceline replay journal --catalogs state", seconds: 120)
        #expect(replayed.output.contains("50 decisions: 50 replayed, 50 equal, 0 different"), "\(replayed)")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path("state/models")).sorted().count
                == 4)
    }

    @Test func modelsThatDoNotFitAreRefused() async throws {
        for (file, old, new, said) in [
            ("models.json", "completion.txt", "nobody.txt", "nobody.txt: could not be read"),
            ("models.json", "\"goal\"", "\"gaol\"", "did you mean 'goal'?"),
            ("features.json", "\"hour\", \"entity\"", "\"our\", \"entity\"", "found the feature hour"),
            ("completion.txt", "num_leaves=2", "num_leaves=3", "completion.txt"),
        ] {
            let folder = try Folder()
            try Demo.copyModels(into: folder)
            let text = folder.read("models/\(file)")
            try #require(text.contains(old))
            try folder.write(text.replacingOccurrences(of: old, with: new), to: "models/\(file)")
            let decided = try await folder.run(
                "paceline decide --catalog catalog --request - --models models < /dev/null")
            #expect(decided.status != 0 && decided.errors.contains(said), "\(file): \(decided)")
        }
    }
}
