// `paceline campaign forecast`: what a campaign could have, before it is created: places, prices, and whether its budget can be spent.
import Commands
import Documents
import HTTP

enum CampaignForecast {
    static let command = Command(
        "forecast", "Says what a campaign could have before it is there.",
        discussion: """
            The file is what `campaign create` takes: the campaign with its line items and creatives; of what is \
            published already only what is to change. Nodes decide samples of their recorded requests with it, each \
            at a time of its flight, and nothing is published. Traffic is taken to go on as it was lately. Takes some seconds.

            Exits with 1 where none of the samples could have been served.
            """,
        parameters: [Campaigns.file] + AdminClient.parameters,
        examples: AdminClient.unreached("echo '{\"id\": \"a\"}' | paceline campaign forecast -")
    ) { call, output throws(Failure) in
        let tree = try Campaigns.read(call[Campaigns.file])
        return try AdminClient.run(call, &output, secondsLeast: seconds) { client, output throws(Failure) in
            let answer = try client.demand(.post, "/api/v1/catalog/forecast", tree)
            if call[Status.json] {
                output.print(answer.tree)
            } else {
                for line in lines(answer.tree) { output.print(line) }
            }
            return answer["found"]?.text == "0" ? .failed : .ok
        }
    }

    /// As long as a coordinator waits for nodes, and for the catalog.
    private static let seconds = 40

    private static func lines(_ one: JSONTree) -> [String] {
        func text(_ tree: JSONTree?, _ key: String) -> String { tree?[key]?.text ?? "-" }
        let currency = text(one, "currency")
        var lines = [
            "\(text(one, "campaign")): \(text(one["flight"], "start")) to \(text(one["flight"], "end"))",
            "of \(text(one, "samples")) sampled requests it could have served \(text(one, "found"))",
            "\(text(one, "placesADay")) places a day (\(text(one, "placesADayLeast")) to \(text(one, "placesADayMost")), 95 of 100), "
                + "at \(text(one, "price")) \(currency) a thousand",
            "\(text(one, "places")) places in its flight (\(text(one, "placesLeast")) to \(text(one, "placesMost"))); "
                + "it would spend about \(text(one, "spend")) of \(text(one, "budget")) \(currency)"
                // Of a campaign that runs.
                + (["-", "0"].contains(text(one, "spent"))
                    ? "" : ", of which \(text(one, "spent")) is spent already"),
            "",
        ]
        let regions = (one["regions"]?.elements ?? []).map {
            [
                text($0, "region"), text($0, "requestsPerSecond"), text($0, "samples"),
                text($0, "placesADay"), text($0, "price"),
            ]
        }
        lines += aligned([["region", "requests/s", "samples", "places a day", "price"]] + regions, left: 1)
        lines.append("")
        let outcomes = (one["outcomes"]?.elements ?? []).map { [text($0, "share"), text($0, "why")] }
        lines += aligned([["share", "what became of its line items"]] + outcomes, left: 0)
        lines += (one["warnings"]?.elements ?? []).map { "! \($0.text ?? "")" }
        for node in one["nodes"]?.elements ?? [] where text(node, "standing") != "known" {
            lines.append("! \(text(node, "node")) \(text(node, "said"))")
        }
        return lines
    }
}
