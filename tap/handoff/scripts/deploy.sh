#!/bin/sh
# Deploys this bundle with nothing but the AWS CLI: makes a change set, shows it, asks, executes it and follows it.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"

usage() {
    cat <<EOF
Usage: ./deploy.sh ENVIRONMENT [OPTION]... [Key=Value]...

Creates or updates the stacks of $system $version: makes a change set, shows it (what is replaced or removed first),
asks, executes it and follows it. It may be run again at any time: it takes up what is under way, and where nothing is
to be done it says so and ends well.

ENVIRONMENT        $(environments): the file parameters/ENVIRONMENT.json; copy one for an environment of your own
Key=Value          a parameter's value, before the one in the file; for this run only
--layout LAYOUT    stack (the default), tiers or nested; a deployed system keeps the one that it has
--edge             with what the system has in another region, if it has that
--parameters FILE  another parameter file, in the same form
--plan             only show the change set
--yes              do not ask; what replaces or removes something that holds data is refused all the same, unless with
--allow-replacement
--bucket NAME      where templates go that are too long for a call; else tap-templates-ACCOUNT-REGION, made if missing
--profile NAME, --region REGION, --endpoint-url URL    as the AWS CLI has them

Exit codes: 0 done, or nothing to do   1 it failed   2 the command line, or a file, is wrong   3 not confirmed
4 no AWS CLI, no credentials, or not allowed   5 AWS cannot be reached   6 the stack's state needs a person first
130 interrupted
EOF
}

# --- What is to be ------------------------------------------------------------------------------------------------

# read_values FILE: the parameters in a file, a line each, with the values escaped as in JSON.
read_values() {
    json "$1" >"$work/file"
    awk -F '\t' '
        { split($1, part, "/") }
        part[2] == "ParameterKey" { key[part[1]] = $2; order[count++] = part[1] }
        part[2] == "ParameterValue" { value[part[1]] = substr($0, length($1) + 2); has[part[1]] = 1 }
        END {
            for (i = 0; i < count; i++) if (has[order[i]]) print key[order[i]] "\t" value[order[i]]
            if (!count) exit 1
        }' "$work/file" || die "$USAGE" "$1 is no list of {\"ParameterKey\": …, \"ParameterValue\": …}."
}

check_names() {
    facts_of_all Parameters >"$work/names"
    unknown=$(cut -f 1 "$work/values" "$work/given" | grep -vxF -f "$work/names" | on_one_line)
    [ -z "$unknown" ] || die "$USAGE" "no template has a parameter $unknown, which was given or stands in" \
        "$parameters_file. There are: $(on_one_line <"$work/names")."
    cut -f 1 "$work/values" "$work/edge" "$work/given" >"$work/has"
    missing=$(facts_of_all Required | grep -vxF -f "$work/has" | on_one_line)
    [ -z "$missing" ] || die "$USAGE" "no value for $missing. Put it into $parameters_file, or say it: ${missing%%,*}=…"
}

# facts_of_all KEY: that list of all stacks of the layout and of the edge, without doubles.
facts_of_all() {
    {
        stack=0
        while [ -n "$(fact "Layouts/$layout/$stack/Template")" ]; do
            facts "Layouts/$layout/$stack/$1"
            stack=$((stack + 1))
        done
        if [ -n "$with_edge" ] || [ "$1" = Parameters ]; then facts "Edge/0/$1"; fi
    } | awk '!seen[$0]++'
}

read_settings() {
    : >"$work/settings"
    [ ! -f "$here/deployment/$environment.json" ] || json "$here/deployment/$environment.json" >"$work/settings"
    accounts=$(listed "$work/settings" AllowedAccounts)
    regions=$(listed "$work/settings" AllowedRegions)
    protected=$(of "$work/settings" EnableTerminationProtection)
    policy=$(of "$work/settings" StackPolicy)
    case $policy in
    '' | null) policy='' ;;
    *) [ -f "$here/$policy" ] || die "$USAGE" "deployment/$environment.json names a stack policy that is not there: $policy." ;;
    esac
}

# value KEY: of a parameter for this stack: given, decided or handed on, or from the file; escaped as in JSON.
value() {
    awk -F '\t' -v key="$1" '$1 == key { found = substr($0, length($1) + 2) } END { print found }' \
        "$values" "$work/handed" "$work/decided" "$work/given"
}

# write_parameters: the stack's parameters and tags as the AWS CLI takes them.
write_parameters() {
    facts "$stack_facts/Parameters" >"$work/declared"
    awk -F '\t' '
        NR == FNR { declared[$1]; order[++count] = $1; next }
        $1 in declared { value[$1] = substr($0, length($1) + 2); has[$1] = 1 }
        END {
            printf "["
            for (i = 1; i <= count; i++) if (has[order[i]])
                printf "%s\n  {\"ParameterKey\": \"%s\", \"ParameterValue\": \"%s\"}", (n++ ? "," : ""), order[i], value[order[i]]
            print "\n]"
        }' "$work/declared" "$values" "$work/handed" "$work/decided" "$work/given" \
        >"$work/parameters.json"
    # {Parameter} in a tag is that parameter's value.
    cut -f 1 "$values" "$work/handed" "$work/decided" "$work/given" | sort -u | while read -r key; do
        printf '%s\t%s\n' "$key" "$(value "$key")"
    done >"$work/known"
    awk -F '\t' -v path="$stack_facts/Tags/" '
        FILENAME == ARGV[1] { value[$1] = substr($0, length($1) + 2); next }
        index($1, path) == 1 {
            split(substr($1, length(path) + 1), part, "/")
            text = $2
            while (match(text, /\{[A-Za-z0-9]+\}/)) {
                text = substr(text, 1, RSTART - 1) value[substr(text, RSTART + 1, RLENGTH - 2)] substr(text, RSTART + RLENGTH)
            }
            if (part[2] == "Key") key = text
            else printf "%s\n  {\"Key\": \"%s\", \"Value\": \"%s\"}", (n++ ? "," : "["), key, text
        }
        END { print n ? "\n]" : "[]" }' "$work/known" "$work/manifest" >"$work/tags.json"
}

# API Gateway's role for logs is one for an account and region: a stack keeps what it has decided; a new one makes the
# role only where there is none yet.
decide_logs_role() {
    key=CreateApiGatewayLogsRole
    if ! in_list "$key" "$(facts "$stack_facts/Parameters")" || grep -q "^$key$tab" "$work/given"; then return; fi
    if [ "$kind" = UPDATE ]; then
        present=$(of_stack Parameter "$key")
        [ -z "$present" ] || printf '%s\t%s\n' "$key" "$present" >>"$work/decided"
    elif try apigateway get-account --query cloudwatchRoleArn --output text; then
        case $(first) in
        '' | None) ;;
        *)
            printf '%s\tfalse\n' "$key" >>"$work/decided"
            say "$key=false: API Gateway has a role for its logs in this account and region already, $(first)."
            ;;
        esac
    else
        say "$key: the account could not be asked for its API Gateway role ($(complaint)); as in the parameter file."
    fi
}

# An edge that was told of the distribution keeps it, until it is told of another one.
keep_distribution() {
    [ "$stack_facts" = Edge/0 ] && [ "$kind" = UPDATE ] || return 0
    present=$(of_stack Parameter DistributionId)
    [ -z "$present" ] || [ -n "$distribution" ] || printf 'DistributionId\t%s\n' "$present" >>"$work/decided"
}

# --- Templates ----------------------------------------------------------------------------------------------------

# deliver: how the template reaches CloudFormation, in `where` and `source`; uploads what has to be.
deliver() {
    template=$(fact "$stack_facts/Template")
    children=$(facts "$stack_facts/Children")
    [ -f "$here/$template" ] || die "$USAGE" "$template is missing from the bundle."
    if [ -n "$children" ]; then
        open_bucket
        key=$(cd "$here" && printf '%s\n' "$children" | while read -r child; do cat "$child"; done | cksum)
        prefix=$system/$(printf '%s' "$key" | tr ' ' '-')/
        for child in $children; do upload "$child" "$prefix$(basename "$child")"; done
        printf 'TemplatesBucket\t%s\nTemplatesPrefix\t%s\n' "$open" "$prefix" >>"$work/decided"
    fi
    if [ "$(wc -c <"$here/$template")" -le 51200 ]; then
        where=--template-body source=file://$here/$template
    else
        open_bucket
        key=$system/$(cksum <"$here/$template" | tr ' ' '-')/$(basename "$template")
        upload "$template" "$key"
        domain=amazonaws.com
        [ "$partition" != aws-cn ] || domain=amazonaws.com.cn
        where=--template-url source=${endpoint:-https://s3.$region.$domain}/$open/$key
    fi
}

upload() {
    call s3api put-object --bucket "$open" --key "$2" --body "$here/$1" --content-type application/yaml
    say "$name: uploaded $1 to s3://$open/$2"
}

# open_bucket: the bucket's name in `open`; the account's own for this is made if it is missing.
open_bucket() {
    open=${bucket:-tap-templates-$account-$region}
    [ "${opened:-}" != "$open" ] || return 0
    if ! try s3api head-bucket --bucket "$open" --expected-bucket-owner "$account"; then
        case $(complaint) in
        *404*) ;;
        *403*) die "$NO_ACCESS" "the bucket $open may not be used: it is another account's, or you lack s3:ListBucket on it. Name another: --bucket NAME." ;;
        *) complain 's3api head-bucket' ;;
        esac
        [ -z "$bucket" ] || die "$USAGE" "there is no bucket $bucket. Make it, or leave --bucket out."
        set -- --bucket "$open" --object-ownership BucketOwnerEnforced
        [ "$region" = us-east-1 ] || set -- "$@" --create-bucket-configuration "LocationConstraint=$region"
        call s3api create-bucket "$@"
        call s3api put-public-access-block --bucket "$open" --public-access-block-configuration \
            BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
        call s3api put-bucket-encryption --bucket "$open" --server-side-encryption-configuration \
            '{"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}'
        of_bucket=arn:$partition:s3:::$open
        call s3api put-bucket-policy --bucket "$open" --policy "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"OnlyTls\", \"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": [\"$of_bucket\", \"$of_bucket/*\"], \"Condition\": {\"Bool\": {\"aws:SecureTransport\": \"false\"}}}]}"
        say "made the bucket $open for templates: private, encrypted, TLS only"
    fi
    opened=$open
}

# --- The change set -----------------------------------------------------------------------------------------------

# propose: makes the change set; its ARN in `change_set`, empty if nothing is to be changed.
propose() {
    digest=$(cat "$work/parameters.json" "$work/tags.json" "$here/$template" | cksum | tr -d ' ')
    change_set=$(printf 'bundle-%s-%s' "$version" "$digest" | tr -c 'A-Za-z0-9-' '-' | cut -c 1-128)
    set -- --stack-name "$name" --change-set-name "$change_set"
    if [ "$status" != ABSENT ]; then clear_away "$@"; fi
    set -- "$@" --change-set-type "$kind" "$where" "$source" --description "$system $version, $environment" \
        --parameters "file://$work/parameters.json" --tags "file://$work/tags.json"
    capabilities=$(facts "$stack_facts/Capabilities")
    # shellcheck disable=SC2086 # capabilities are words
    [ -z "$capabilities" ] || set -- "$@" --capabilities $capabilities
    [ -z "$children" ] || set -- "$@" --include-nested-stacks
    call cloudformation create-change-set "$@" --query '[Id, StackId]' --output text
    change_set=$(cut -f 1 "$work/answer")
    stack_id=$(cut -f 2 "$work/answer")
    while :; do
        call cloudformation describe-change-set --change-set-name "$change_set" --no-paginate \
            --query '[Status, StatusReason]' --output text
        state=$(cut -f 1 "$work/answer")
        reason=$(cut -f 2- "$work/answer" | awk '{ printf "%s%s", sep, $0; sep = " " }')
        case $state in CREATE_PENDING | CREATE_IN_PROGRESS) sleep "$pause" ;; *) break ;; esac
    done
    [ "$state" != CREATE_COMPLETE ] || return 0
    drop
    case $reason in
    *"didn't contain changes"* | *'No updates are to be performed'*) change_set='' ;;
    *) die "$FAILED" "$name: CloudFormation made no change set: $reason" ;;
    esac
}

# clear_away OPTION…: deletes a change set that a run left behind which died: what it says may be out of date.
clear_away() {
    if ! try cloudformation describe-change-set "$@" --no-paginate --query Status --output text; then return; fi
    call cloudformation delete-change-set "$@"
    while try cloudformation describe-change-set "$@" --no-paginate --query Status --output text; do
        case $(first) in DELETE_FAILED | DELETE_COMPLETE) return ;; *) sleep "$pause" ;; esac
    done
}

# drop: leaves nothing of the change set behind.
drop() {
    if [ "$kind" = UPDATE ]; then
        try cloudformation delete-change-set --change-set-name "$change_set"
    else # The stack itself is nothing but its change set.
        try cloudformation delete-stack --stack-name "$stack_id"
    fi || say "$name: the change set could not be deleted: $(complaint)"
}

# rows CHANGE-SET PREFIX: what it changes, to $work/rows; nested ones too.
rows() {
    # shellcheck disable=SC2016 # the backticks are JMESPath's
    call cloudformation describe-change-set --change-set-name "$1" --output text --query \
        'Changes[].ResourceChange.[Action, Replacement, LogicalResourceId, ResourceType, PolicyAction, ChangeSetId, join(`, `, Details[].Target.Name || `[]`), join(`, `, Scope || `[]`)]'
    awk -F '\t' -v OFS='\t' -v prefix="$2" 'NF >= 8 { $3 = prefix $3; for (i = 1; i <= 8; i++) if ($i == "") $i = "None"; print }' \
        "$work/answer" >"$work/page"
    cat "$work/page" >>"$work/rows"
    # A pass of its own for each: a function's variables are the script's.
    awk -F '\t' '$6 != "None" { print $6 "\t" $3 "/" }' "$work/page" >>"$work/nested"
}

# show: prints the change set, the worst first; gives in `danger` what holds data and is replaced or removed.
show() {
    : >"$work/rows"
    printf '%s\t\n' "$change_set" >"$work/nested"
    done_with=0
    while [ "$done_with" -lt "$(wc -l <"$work/nested")" ]; do
        done_with=$((done_with + 1))
        entry=$(sed -n "${done_with}p" "$work/nested")
        rows "${entry%%"$tab"*}" "${entry#*"$tab"}"
    done
    facts HoldsData >"$work/holding"
    awk -F '\t' -v OFS='\t' '
        FILENAME == ARGV[1] { holding[$1]; next }
        {
            word = tolower($1); rank = 6
            if ($1 == "Modify" && $2 == "True") { word = "REPLACE"; rank = 1 }
            else if ($1 == "Modify" && $2 == "Conditional") { word = "may replace"; rank = 3 }
            else if ($1 == "Remove") { word = "REMOVE"; rank = 2 }
            else if ($1 == "Dynamic") { word = "may change"; rank = 4 }
            else if ($1 == "Modify") rank = 5
            note = ""
            if (rank <= 4 && $4 in holding) { note = "HOLDS DATA. "; rank = 0; data = "data" } else data = "-"
            if ($5 != "None" && rank <= 4) note = note "The old one: " $5 ". "
            if ($7 != "None") note = note "Because of " $7 "."
            else if ($1 == "Modify" && $8 != "None") note = note "Changes its " $8 "."
            if ($1 == "Modify" && $4 in holding && $8 ~ /DeletionPolicy|UpdateReplacePolicy/) {
                if (rank > 3) rank = 3
                note = note " HOLDS DATA, and what becomes of it when it is deleted or replaced changes: see CHANGES.md."
            }
            sub(/^ /, "", note)
            print rank, NR, word, $3, $4, note, data
        }' "$work/holding" "$work/rows" | sort -t "$tab" -k 1,1n -k 2,2n >"$work/shown"
    danger=$(awk -F '\t' '$7 == "data" { print $4 }' "$work/shown" | on_one_line)
    say "$name: $([ "$kind" = CREATE ] && echo 'a new stack' || echo 'an update')," \
        "$(awk -F '\t' '{ count[$3]++ } !($3 in at) { at[$3]; order[++n] = $3 }
            END { for (i = 1; i <= n; i++) printf "%s%d to %s", (i > 1 ? ", " : ""), count[order[i]], order[i] }' "$work/shown"):"
    awk -F '\t' '
        FNR == NR { if (length($3) > a) a = length($3); if (length($4) > b) b = length($4); if (length($5) > c) c = length($5); next }
        { line = sprintf("  %-" a "s  %-" b "s  %-" c "s  %s", $3, $4, $5, $6); sub(/ +$/, "", line); print line }' \
        "$work/shown" "$work/shown" >&2
}

confirm() {
    if [ -n "$danger" ] && [ -z "$allowed" ]; then
        say "This replaces or removes what holds data: $danger."
        if [ -n "$yes" ] || ! [ -t 0 ]; then
            refuse 'it replaces or removes what holds data, and nobody could be asked. To do it all the same: --allow-replacement.'
        fi
        asked "Type the stack's name, $name, to go on: " "$name" || refuse 'not confirmed.'
    elif [ -z "$yes" ]; then
        [ -t 0 ] || refuse 'there is nobody to ask; --yes goes on without asking.'
        asked 'Execute this change set? Type yes: ' yes || refuse 'not confirmed.'
    fi
}

refuse() {
    drop
    die "$NOT_CONFIRMED" "$name: nothing was changed: $*"
}

# --- Doing it -----------------------------------------------------------------------------------------------------

ALLOW_ALL='{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'
policy_off=''

at_the_end() { [ -z "$policy_off" ] || guard; }

# guard: sets the stack policy and the termination protection that the environment has.
guard() {
    if [ -n "$policy" ]; then
        policy_off=''
        call cloudformation set-stack-policy --stack-name "$name" --stack-policy-body "file://$here/$policy"
    fi
    if [ "$protected" = true ] && [ "$(of "$work/stack" Stacks/0/EnableTerminationProtection)" != true ]; then
        call cloudformation update-termination-protection --stack-name "$name" --enable-termination-protection
        say "$name: protected from deletion"
    fi
}

execute() {
    if [ -n "$policy" ] && [ "$kind" = UPDATE ] && [ -n "$danger" ]; then
        # A change set takes no policy for its own time alone, as an update by hand does.
        policy_off=1
        call cloudformation set-stack-policy --stack-name "$name" --stack-policy-body "$ALLOW_ALL"
    fi
    if [ "$kind" = CREATE ]; then mark ''; else mark "$stack_id"; fi
    call cloudformation execute-change-set --change-set-name "$change_set"
    follow "$stack_id"
    [ -z "$policy_off" ] || guard
    case $status in
    CREATE_COMPLETE | UPDATE_COMPLETE | IMPORT_COMPLETE) say "$name: $status" ;;
    *)
        why "$stack_id"
        say "$(what_now)"
        die "$FAILED" "$name: $status."
        ;;
    esac
}

what_now() {
    case $status in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED) echo "It was never complete and cannot be updated. Mend the cause, run ./delete.sh $environment$options, then this again." ;;
    UPDATE_ROLLBACK_COMPLETE | IMPORT_ROLLBACK_COMPLETE) echo 'It is as it was before. Mend the cause, then run this again.' ;;
    UPDATE_ROLLBACK_FAILED) echo "Mend the cause, then: aws cloudformation continue-update-rollback --region $region --stack-name $name (--resources-to-skip ID for what cannot be mended), then run this again." ;;
    DELETE_FAILED) echo "It could not be wholly deleted. Run ./delete.sh $environment$options again first." ;;
    *) echo 'Look at it in the console of CloudFormation, mend the cause, then run this again.' ;;
    esac
}

# The layouts stack and nested have the same name: one over the other would remove every resource and make it anew.
check_layout() {
    call cloudformation get-template --stack-name "$name" --template-stage Original --query TemplateBody --output json
    present=$(awk 'match($0, /Layout["\\]*: *["\\]*[a-z]+/) {
        found = substr($0, RSTART, RLENGTH); sub(/.*[^a-z]/, "", found); print found; exit }' "$work/answer")
    case $present in
    '' | "$layout" | edge) ;;
    *) die "$USAGE" "$name is deployed in the layout $present; deploying $layout over it would make every resource anew. Say --layout $present." ;;
    esac
}

# check_no_other_layout: a new stack of one layout beside those of another would want names that are taken.
check_no_other_layout() {
    case $stack_facts in
    Layouts/tiers/0) other='' present='stack or nested' ;;
    Layouts/tiers/* | Edge/*) return 0 ;;
    *) other=$(fact Layouts/tiers/0/Stack) present=tiers ;;
    esac
    other=$system-$suffix${other:+-$other}
    found=$(look "$other" && echo "$status") || exit
    : >"$work/stack"
    case $found in
    ABSENT | REVIEW_IN_PROGRESS) ;;
    *) die "$USAGE" "$other is there: $system is deployed in the layout $present. Keep to it, or delete it first." ;;
    esac
}

# deploy_stack PATH: one stack; PATH is where manifest.json tells of it.
deploy_stack() {
    stack_facts=$1
    region=$(fact "$stack_facts/Region")
    [ -z "$region_given" ] || [ "$stack_facts" = Edge/0 ] || region=$region_given
    if [ -n "$regions" ] && [ "$stack_facts" != Edge/0 ] && ! in_list "$region" "$regions"; then
        die "$USAGE" "deployment/$environment.json allows the regions $(printf '%s\n' "$regions" | on_one_line), and not $region."
    fi
    tail=$(fact "$stack_facts/Stack")
    name=$system-$suffix${tail:+-$tail}
    printf 'EnvironmentSuffix\t%s\n' "$suffix" >"$work/decided"
    values=$work/values
    [ "$stack_facts" != Edge/0 ] || values=$work/edge
    look "$name"
    case $status in
    REVIEW_IN_PROGRESS) ;;
    *_IN_PROGRESS)
        say "$name: an operation is under way ($status); waiting for it."
        mark "$stack_id"
        follow "$stack_id"
        ;;
    esac
    case $status in
    ABSENT | REVIEW_IN_PROGRESS) kind=CREATE ;;
    CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE | UPDATE_FAILED | IMPORT_COMPLETE | IMPORT_ROLLBACK_COMPLETE) kind=UPDATE ;;
    *) die "$BLOCKED" "$name is in $status. $(what_now)" ;;
    esac
    if [ "$kind" = CREATE ]; then check_no_other_layout; else check_layout; fi
    decide_logs_role
    keep_distribution
    deliver
    write_parameters
    propose
    danger=''
    if [ -z "$change_set" ]; then
        say "$name: no changes"
    else
        show
        if [ -n "$plan" ]; then
            drop
            return 0
        fi
        confirm
        execute
    fi
    [ -n "$plan" ] || guard
    outputs
}

# outputs: the stack's, on standard output.
outputs() {
    awk -F '\t' '
        { n = split($1, part, "/") }
        part[3] == "Outputs" && part[5] == "OutputKey" { key[part[4]] = $2; if (length($2) > width) width = length($2); count = part[4] + 1 }
        part[3] == "Outputs" && part[5] == "OutputValue" { value[part[4]] = $2 }
        END { for (i = 0; i < count; i++) printf "%-" width "s  %s\n", key[i], value[i] }' "$work/stack" | plain
}

# hand_on_from_edge: what the edge's outputs mean to the other stacks, as parameters for them.
hand_on_from_edge() {
    [ -n "$(fact Edge/0/Template)" ] || return 0
    region=$(fact Edge/0/Region)
    name=$system-$suffix-edge
    # Without its outputs an update would take away what CloudFront has from it, so it must be known.
    look "$name"
    [ "$status" != ABSENT ] || return 0
    for key in $(facts HandedOn); do
        found=$(of_stack Output "$key")
        [ -z "$found" ] || printf '%s\t%s\n' "$key" "$found" >>"$work/handed"
    done
    if [ -s "$work/handed" ]; then say "$name ($region) hands on: $(cut -f 1 "$work/handed" | on_one_line)"; fi
}

environment='' layout=stack with_edge='' parameters_file='' plan='' allowed=''
begin
: >"$work/given"
: >"$work/handed"
while [ $# -gt 0 ]; do
    took=1
    case $1 in
    --plan) plan=1 ;;
    --allow-replacement) allowed=1 ;;
    --bucket)
        bucket=$(argument "$@") || exit
        took=2
        ;;
    [A-Za-z]*=*)
        case $1 in *"$tab"* | *'
'*) die "$USAGE" "a parameter's value is one line without tabs: ${1%%=*}." ;; esac
        printf '%s\t%s\n' "${1%%=*}" "$(printf '%s\n' "${1#*=}" | escaped)" >>"$work/given"
        ;;
    *)
        common_option "$@"
        [ "$took" -gt 0 ] || die "$USAGE" "there is no option $1. See --help."
        ;;
    esac
    shift "$took"
done
check_options
read_values "$parameters_file" >"$work/values"
: >"$work/edge"
if [ -n "$with_edge" ]; then
    edge_file=$here/parameters/edge/$environment.json
    [ -f "$edge_file" ] || die "$USAGE" "there is no parameters/edge/$environment.json, which --edge needs."
    read_values "$edge_file" >"$work/edge"
fi
check_names
read_settings
options=''
[ "$layout" = stack ] || options=" --layout $layout"
: >"$work/decided"
values=$work/values
suffix=$(value EnvironmentSuffix)
[ -n "$suffix" ] || die "$USAGE" "$parameters_file has no EnvironmentSuffix, which names the stacks."

region=${region_given:-$(fact Region)}
who
if [ -n "$accounts" ] && ! in_list "$account" "$accounts"; then
    die "$NOT_CONFIRMED" "these are credentials of the account $account; deployment/$environment.json allows $(printf '%s\n' "$accounts" | on_one_line)."
fi
say "$system $version to $environment in the account $account, $region"

distribution=''
if [ -n "$with_edge" ]; then deploy_stack Edge/0; fi
hand_on_from_edge
number=0
while [ -n "$(fact "Layouts/$layout/$number/Template")" ]; do
    deploy_stack "Layouts/$layout/$number"
    if [ -n "$plan" ] && [ "$layout" = tiers ] && [ "$kind" = CREATE ]; then
        say 'What comes after it imports what it exports, and can be shown only when it is there.'
        exit 0
    fi
    found=$(of_stack Output CloudFrontDistributionId)
    [ -z "$found" ] || distribution=$found
    number=$((number + 1))
done
# The edge delivers the distribution's log, so it is told of the distribution at last.
if [ -n "$with_edge" ] && [ -z "$plan" ] && [ -n "$distribution" ]; then
    printf 'DistributionId\t%s\n' "$distribution" >>"$work/handed"
    deploy_stack Edge/0
fi
