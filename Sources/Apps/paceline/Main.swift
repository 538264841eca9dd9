// The operator's command. A subcommand is one file beside this one; to add it, list its value here.
import Commands

@main
enum Paceline {
    static let program = Program(
        Command(
            "paceline", "Looks after Paceline's nodes, their settings and their data.",
            subcommands: [
                Status.command,
                Top.command,
                Budgets.command,
                Ledger.command,
                CheckConfig.command,
                Decide.command,
                Explain.command,
                Replay.command,
                Simulate.command,
                TrafficCommand.command,
                Command(
                    "catalog", "Works on catalogs: campaigns, creatives, publishers and deals.",
                    subcommands: [
                        CatalogCheck.command, CatalogCompile.command, CatalogShow.command,
                        CatalogDiff.command,
                        CatalogGenerate.command, CatalogImport.command,
                    ]),
                Campaigns.command,
                ScheduledCommands.command,
                TokenCommands.command,
                Command(
                    "features", "Works on what models know of viewers, content and ads.",
                    subcommands: [
                        FeaturesCheck.command, FeaturesImport.command, FeaturesPublish.command,
                        FeaturesShow.command,
                        FeaturesConsistency.command,
                    ]),
                Command(
                    "model", "Works on models: reads, checks and compiles them, and predicts.",
                    subcommands: [
                        ModelPredict.command, ModelCheck.command, ModelPack.command, ModelCompile.command,
                        ModelInspect.command, ModelBench.command, ModelCompare.command,
                    ] + ModelPublish.commands),
                Command(
                    "fleet", "Works on the fleet file and on the regions of the running fleet.",
                    subcommands: [FleetCheck.command, FleetAddRegion.command, FleetAbsorb.command]
                        + FleetRotation.commands),
                Command(
                    "slo", "Works on service levels: what is promised, measured and told.",
                    subcommands: [SLOCheck.command, SLORules.command, SLORules.dashboards]),
                Command(
                    "runbook", "Works on runbooks: what to do when something happens.",
                    subcommands: [
                        RunbookShow.list, RunbookShow.show, RunbookCheckCommand.command, RunbookRun.command,
                    ]),
                Capacity.command,
                SupportBundle.command,
                Command("json", "Works on JSON files.", subcommands: [JSONCheck.command]),
                Command(
                    "pacing", "Plans how campaigns spend, and simulates it.",
                    subcommands: [PacingPlan.command, PacingSimulate.command]),
                Command("pod", "Works on ad pods.", subcommands: [PodSolve.command]),
                Command("openrtb", "Works on bid requests.", subcommands: [OpenRTBCheck.command]),
                Command("consent", "Works on consent strings.", subcommands: [ConsentShow.command]),
                Command("vast", "Works on VAST documents.", subcommands: [VASTCheck.command]),
                Command(
                    "journal", "Reads the journals that nodes write.",
                    subcommands: [JournalExport.cat, JournalVerify.command, JournalExport.export]),
                Command("notice", "Looks at the notices of ads.", subcommands: [NoticeVerify.command]),
                Completion.command,
            ]),
        version: "0.1.0")

    static func main() { program.main() }
}
