#!/bin/sh
# Deletes what deploy.sh deployed, with nothing but the AWS CLI: says what stays and what is lost, asks, deletes, follows.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"

usage() {
    cat <<EOF
Usage: ./delete.sh ENVIRONMENT [OPTION]...

Deletes the stacks of $system in an environment. It says first what stays and which data are lost. It may be run again
at any time.

ENVIRONMENT        $(environments)
--layout LAYOUT    stack (the default), tiers or nested: the one that is deployed
--edge             with what the system has in another region, which goes last
--parameters FILE  the parameter file that it was deployed with, if another
--yes              do not ask; where data would be lost it is refused all the same, unless with
--allow-delete-data
--profile NAME, --region REGION, --endpoint-url URL    as the AWS CLI has them

Exit codes: those of deploy.sh.
EOF
}

tell() {
    for list in Stays Goes InTheWay; do
        [ -n "$(facts "Deleting/$told/$list")" ] || continue
        case $list in
        Stays) say 'Stays, and is to be deleted by hand when nobody wants it any more:' ;;
        Goes) say 'Is deleted with the data in it:' ;;
        InTheWay) say 'In the way of a deletion:' ;;
        esac
        facts "Deleting/$told/$list" | plain | sed 's/^/  /' >&2
    done
}

# delete_stack PATH: one stack; PATH is where manifest.json tells of it.
delete_stack() {
    place "$1"
    look "$name"
    case $status in
    ABSENT)
        say "$name: is not there"
        return 0
        ;;
    DELETE_IN_PROGRESS)
        say "$name: is being deleted; waiting for it."
        mark "$stack_id"
        ;;
    *)
        case $status in
        REVIEW_IN_PROGRESS) ;;
        *_IN_PROGRESS)
            say "$name: an operation is under way ($status); waiting for it."
            mark "$stack_id"
            follow "$stack_id"
            ;;
        esac
        mark "$stack_id"
        call cloudformation delete-stack --stack-name "$stack_id"
        ;;
    esac
    follow "$stack_id"
    case $status in
    ABSENT) say "$name: deleted" ;;
    *)
        why "$stack_id"
        say "Mend what the events name and run this again. To leave a resource behind: aws cloudformation delete-stack --region $region --stack-name $name --retain-resources ID"
        die "$FAILED" "$name: $status."
        ;;
    esac
}

place() {
    region=$(fact "$1/Region")
    [ -z "$region_given" ] || [ "$1" = Edge/0 ] || region=$region_given
    tail=$(fact "$1/Stack")
    name=$system-$suffix${tail:+-$tail}
}

environment='' layout=stack with_edge='' parameters_file='' allowed=''
begin
while [ $# -gt 0 ]; do
    took=1
    case $1 in
    --allow-delete-data) allowed=1 ;;
    *)
        common_option "$@"
        [ "$took" -gt 0 ] || die "$USAGE" "there is no option $1. See --help."
        ;;
    esac
    shift "$took"
done
check_options
told=$environment
in_list "$told" "$(facts Environments)" || told=any
json "$parameters_file" >"$work/file"
suffix=$(awk -F '\t' '{ split($1, part, "/") } part[2] == "ParameterKey" && $2 == "EnvironmentSuffix" { wanted = part[1] }
    part[2] == "ParameterValue" { value[part[1]] = $2 } END { if (wanted != "") print value[wanted] }' "$work/file")
[ -n "$suffix" ] || die "$USAGE" "$parameters_file has no EnvironmentSuffix, which names the stacks."

region=${region_given:-$(fact Region)}
who
last=0
while [ -n "$(fact "Layouts/$layout/$last/Template")" ]; do last=$((last + 1)); done
there='' protected=''
number=0
while [ "$number" -lt "$last" ]; do
    place "Layouts/$layout/$number"
    look "$name"
    [ "$status" = ABSENT ] || there=1
    [ "$(of "$work/stack" Stacks/0/EnableTerminationProtection)" != true ] || protected="$protected $name"
    number=$((number + 1))
done
if [ -n "$(fact Edge/0/Template)" ]; then
    place Edge/0
    look "$name"
    if [ "$status" != ABSENT ]; then
        if [ -n "$with_edge" ]; then there=1; else say "$name ($region) stays; --edge deletes it too."; fi
        [ "$(of "$work/stack" Stacks/0/EnableTerminationProtection)" != true ] || [ -z "$with_edge" ] || protected="$protected $name"
    fi
fi
if [ -z "$there" ]; then
    say "$system-$suffix: nothing is there, so there is nothing to delete."
    exit 0
fi
region=${region_given:-$(fact Region)}
for each in $protected; do
    say "$each is protected from deletion. If it is to go: aws cloudformation update-termination-protection --region $region --stack-name $each --no-enable-termination-protection"
done
[ -z "$protected" ] || die "$NOT_CONFIRMED" "nothing was deleted:$protected is protected from deletion."

say "This deletes $system-$suffix, layout $layout, in the account $account, $region."
tell
if [ -n "$yes" ]; then
    if [ -n "$(facts "Deleting/$told/Goes")" ] && [ -z "$allowed" ]; then
        die "$NOT_CONFIRMED" 'nothing was deleted: data would be lost, and nobody could be asked. To do it all the same: --allow-delete-data.'
    fi
else
    [ -t 0 ] || die "$NOT_CONFIRMED" 'nothing was deleted: there is nobody to ask; --yes goes on without asking.'
    asked "Type $system-$suffix to delete it: " "$system-$suffix" || die "$NOT_CONFIRMED" 'nothing was deleted: not confirmed.'
fi
while [ "$last" -gt 0 ]; do
    last=$((last - 1))
    delete_stack "Layouts/$layout/$last"
done
if [ -n "$with_edge" ]; then delete_stack Edge/0; fi
