// `paceline pod solve`: what it prints of a pod, and what it says of a file that is not one.
import Testing

@Suite struct PodSolveTests {
    private static let pod = """
        {"impressions": [{"minduration": 15, "maxduration": 30, "bidfloor": 2},
          {"poddur": 60, "maxseq": 3, "rqddurs": [15, 30], "durfloors": [{"maxdur": 15, "bidfloor": 1}]}],
         "candidates": [
          {"name": "a", "advertiser": "x", "duration": 30, "value": 9},
          {"name": "b", "advertiser": "x", "duration": 15, "value": 8},
          {"name": "c", "advertiser": "y", "duration": 30, "value": 0.5, "tier": "sponsorship"},
          {"name": "d", "advertiser": "z", "duration": 20, "value": 3, "price": 1.99},
          {"name": "e", "advertiser": "w", "duration": 30, "value": 4, "creative": "seen"},
          {"name": "f", "advertiser": "v", "duration": 15, "value": 2, "categories": ["beer"]}],
         "blockedCategories": ["beer"], "seen": [{"creative": "seen"}], "seenCreative": 0.5,
         "firstPremium": 0.1, "apartInPod": []}
        """

    @Test func tellsWhoStandsWhereAndWhyTheOthersDoNot() throws {
        let scratch = try Scratch()
        try scratch.write(Self.pod, to: "pod.json")
        let result = try scratch.run("paceline pod solve pod.json")
        #expect(result.status == 0 && result.errors.isEmpty)
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 7, "\(result.output)")
        #expect(
            lines[0].hasPrefix("pod.json: 3 ads, 90 s, worth 0.5 sponsorship + 11.9 open: the best there is"))
        #expect(lines[1] == "  1  a  30 s  worth 9.9  impressions[0]")
        #expect(lines.contains("  -  b: has the advertiser of the ad at position 1"))
        #expect(lines.contains("  -  d: its price is below the floor"))
        #expect(lines.contains("  -  f: its category is blocked"))
        let json = try scratch.run("paceline pod solve --json pod.json").output
        #expect(json.contains(#""value": {"sponsorship": 0.5, "guaranteed": 0, "open": 11.9}"#), "\(json)")
        #expect(json.contains(#""proven": true"#))
    }

    @Test(arguments: [
        ("[]", "1:1: found an array of 0; allowed an object"), ("{", "1:2: the document ends before"),
        (
            #"{"impresions": []}"#,
            "1:2: found the key \"impresions\"; allowed impressions, candidates"
        ),
        (#"{"candidates": [{"value": 1}]}"#, "1:17: candidates[0]: found no key 'duration'; allowed a whole"),
        (
            #"{"candidates": [{"duration": 30, "value": -1}]}"#,
            "1:43: candidates[0].value: found -1; allowed an amount from 0 to 68719.476736"
        ),
        (#"{"poddedupe": [7]}"#, "1:16: poddedupe[0]: found 7; allowed a whole number from 1 to 4"),
        (#"{"impressions": [{"maxseq": 3}]}"#, "1:18: impressions[0]: found no key 'poddur'; allowed"),
        (#"{"seenCreative": 2}"#, "1:18: seenCreative: found 2; allowed \"ignore\""),
        (#"{"seen": [], "seen": []}"#, "1:14: found the key 'seen' again; allowed each key once"),
        (
            #"{"impressions": [{"poddur": 9, "maxseq": 16}, {}]}"#,
            "1:47: impressions[1]: found more than 16 ads in all; allowed 16"
        ),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ message: String) throws {
        let scratch = try Scratch()
        try scratch.write(text, to: "pod.json")
        let result = try scratch.run("paceline pod solve pod.json")
        #expect(result.status == 1 && result.errors.isEmpty)
        #expect(result.output.hasPrefix("pod.json:\(message)"), "\(result.output)")
    }
}
